import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { buildSchema, type GraphQLField, type GraphQLSchema } from 'graphql';
import { BAD_JSON } from '#test/support/conformance/bad-values';
import { documentOf, GOOD_ARGUMENTS } from '#test/support/conformance/graphql-requests';
import { GraphqlClient, type GraphqlError } from '#test/support/graphql-client';
import { ServedWorld } from '#test/support/conformance/served-world';
import { ApiClient } from '#test/support/api-client';

const SEED = 20_261_121;
/** Bad values for each argument, and for each field of an input. */
const RUNS = 4;

type Arguments = Record<string, unknown>;

describe('the GraphQL schema', () => {
  let world: ServedWorld;
  let api: ApiClient;
  /** The last good arguments of each field. */
  const asked = new Map<string, Arguments>();
  let graphql: GraphqlClient;
  let schema: GraphQLSchema;
  let catalogue: Set<string>;
  beforeAll(async () => {
    world = await ServedWorld.start();
    api = new ApiClient(world.url);
    graphql = new GraphqlClient(world.url);
    schema = buildSchema(await (await fetch(`${world.url}/schema.graphql`)).text());
    const { items } = (await api.send('GET', '/problems')).body as unknown as { items: { code: string }[] };
    catalogue = new Set(items.map(({ code }) => code));
  });
  afterAll(() => world.stop());

  const fields = (): Record<string, GraphQLField<unknown, unknown>> => ({
    ...schema.getQueryType()!.getFields(),
    ...schema.getMutationType()!.getFields(),
  });
  const ask = async (name: string, args: object, position?: string) => {
    const kind = name in schema.getQueryType()!.getFields() ? 'query' : 'mutation';
    const document = documentOf(kind, fields()[name]!);
    const after = position !== undefined && kind === 'query' ? `@after(position: "${position}")` : '';
    return graphql.send(document.replace('{', `${after} {`), args, { headers: { 'correlation-id': 'good' } });
  };

  it('has a good request for each of its fields in these tests', () => {
    expect(new Set(GOOD_ARGUMENTS.map(([name]) => name))).toEqual(new Set(Object.keys(fields())));
  });

  it('answers good requests without errors', async () => {
    const found: unknown[] = [];
    let position = '0';
    const get = (path: string) => api.send('GET', path);
    const made = { get, park: (noun: string, id: string) => world.parkThing(noun, id), answers: new Map() };
    for (const [name, good] of GOOD_ARGUMENTS) {
      const args = (typeof good === 'function' ? await good(made) : good) as Arguments;
      asked.set(name, args);
      const { status, errors, headers } = await ask(name, args, position);
      position = headers.get('perdure-position') ?? position;
      if (status !== 200 || errors) found.push([name, status, errors]);
    }
    expect(found).toEqual([]);
  });

  it('refuses bad ones with problems of the catalogue', async () => {
    const found: string[] = [];
    let refused = 0;
    for (const [name, good] of asked) {
      for (const args of badArguments(name, good)) {
        const { errors = [] } = await ask(name, args);
        refused += errors.length;
        const wrong = errors.find((error) => faulty(error));
        if (wrong) found.push(`${name} ${JSON.stringify(args)}: ${JSON.stringify(wrong)}`.slice(0, 1_000));
      }
    }
    expect(found).toEqual([]);
    expect(refused).toBeGreaterThan(500);
    expect((await api.send('GET', '/health')).status).toBe(200);
  });

  function faulty({ message, extensions: { code } }: GraphqlError): boolean {
    return !catalogue.has(code) || code === 'internal-error' || /\n\s+at |node_modules/.test(message);
  }

  /** The good arguments with one of them, or a field of their input, made bad. */
  function* badArguments(name: string, good: Arguments): Generator<Arguments> {
    for (const argument of fields()[name]!.args.map((each) => each.name)) {
      for (const value of someJson()) yield { ...good, [argument]: value };
    }
    const input = good['input'] as Arguments | undefined;
    for (const field of Object.keys(input ?? {})) {
      for (const value of someJson()) yield { ...good, input: { ...input, [field]: value } };
    }
  }

  let salt = 0;
  /** As JavaScript can carry it: numbers that are too large are none. */
  const someJson = () =>
    fc.sample(BAD_JSON, { seed: SEED + salt++, numRuns: RUNS }).map((text) => JSON.parse(text) as unknown);
});
