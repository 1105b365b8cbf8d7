import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { getIntrospectionQuery } from 'graphql';
import { AppModule } from '#apps/api/app.module';
import { readConfig } from '#platform/config/config';
import { createHttpApp } from '#platform/http/create-http-app';
import { READ_STORE, type ReadStore } from '#platform/read-store/read-store.port';
import { GraphqlClient } from '#test/support/graphql-client';
import { GraphqlSocket } from '#test/support/graphql-socket';

const memory = 'sqlite::memory:';
const apps: NestFastifyApplication[] = [];
afterAll(() => Promise.all(apps.map((app) => app.close())));

async function start(
  settings: Record<string, string> = {},
): Promise<{ app: NestFastifyApplication; graphql: GraphqlClient }> {
  const stores = { PERDURE_EVENT_STORE: memory, PERDURE_READ_STORE: memory, PERDURE_JOBS: memory };
  const config = readConfig({ ...stores, PERDURE_LOG: 'error', ...settings });
  const app = await createHttpApp(AppModule.with(config), config);
  apps.push(app);
  await app.listen(0, '127.0.0.1');
  return { app, graphql: new GraphqlClient(await app.getUrl()) };
}

describe('limits', () => {
  let graphql: GraphqlClient;
  beforeAll(async () => {
    ({ graphql } = await start({
      PERDURE_GRAPHQL_MAX_DEPTH: '4',
      PERDURE_GRAPHQL_MAX_ALIASES: '2',
      PERDURE_GRAPHQL_MAX_COST: '500',
      PERDURE_GRAPHQL_MAX_TOKENS: '100',
    }));
  });

  it.each([
    [
      'graphql-too-deep',
      'PERDURE_GRAPHQL_MAX_DEPTH',
      '{ things(noun: "A", first: 1) { edges { node { history(first: 1) { edges { cursor } } } } } }',
    ],
    [
      'graphql-too-many-aliases',
      'PERDURE_GRAPHQL_MAX_ALIASES',
      '{ a: nouns(first: 1) { edges { cursor } } b: nouns(first: 1) { edges { cursor } } c: nouns(first: 1) { edges { cursor } } }',
    ],
    [
      'graphql-too-costly',
      'PERDURE_GRAPHQL_MAX_COST',
      '{ things(noun: "A", first: 200) { edges { node { id data } } } }',
    ],
    ['graphql-too-long', 'PERDURE_GRAPHQL_MAX_TOKENS', `{ ${'__typename '.repeat(100)} }`],
  ])('%s is said with the setting to raise', async (code, setting, query) => {
    const { status, errors, data } = await graphql.send(query);
    expect([status, data]).toEqual([400, undefined]);
    expect(errors).toMatchObject([{ message: expect.stringContaining(setting), extensions: { code, status: 400 } }]);
  });

  it('weigh the pages that variables ask for', async () => {
    const query = 'query ($first: Int) { things(noun: "A", first: $first) { edges { node { id } } } }';
    expect(await graphql.codes(query, { first: 100 })).toEqual([]);
    expect(await graphql.codes(query, { first: 200 })).toEqual(['graphql-too-costly']);
    // Larger than a page may be: that is said of the argument.
    expect(await graphql.codes(query, { first: -1 })).toEqual(['invalid-input']);
  });

  it('let what is within them through', async () => {
    expect(await graphql.codes('{ a: nouns(first: 1) { edges { node { noun } } } b: thingCount(noun: "A") }')).toEqual(
      [],
    );
  });
});

describe('the rate of an address', () => {
  it('is limited over sockets too', async () => {
    const { graphql } = await start({ PERDURE_RATE_LIMIT: '3/min' });
    const socket = await GraphqlSocket.open(graphql.url);
    const subscribe = () => socket.subscribe('subscription { events(after: "x") { id } }').refused();
    const codes: string[] = [];
    for (let n = 0; n < 4; n++) codes.push((await subscribe()).errors[0]!.extensions.code);
    expect(codes).toEqual(['invalid-input', 'invalid-input', 'invalid-input', 'rate-limited']);
    await socket.close();
  });
});

describe('introspection', () => {
  it('is answered, within the limits of depth', async () => {
    const { graphql } = await start();
    expect((await graphql.data(getIntrospectionQuery())).__schema.queryType).toMatchObject({ name: 'Query' });
  });

  it('is refused where the setting says so, and so is the schema', async () => {
    const { graphql } = await start({ PERDURE_GRAPHQL_INTROSPECTION: 'off' });
    expect(await graphql.codes('{ __schema { queryType { name } } }')).toEqual(
      expect.arrayContaining(['graphql-no-introspection']),
    );
    expect((await fetch(`${graphql.url}/schema.graphql`)).status).toBe(403);
    expect(await graphql.data('{ __typename }')).toEqual({ __typename: 'Query' });
  });
});

describe('nested reads', () => {
  it('ask the store once for all things of a level', async () => {
    const { app, graphql } = await start();
    const mutation = (fields: string) => graphql.data(`mutation { ${fields} }`);
    for (let n = 0; n < 20; n++)
      await mutation(`createThing(input: { noun: "Person", id: "p-${n}", data: {} }) { id }`);
    let position = '';
    for (let n = 0; n < 20; n++) {
      const input = `{ noun: "Person", id: "p-${n}", relationship: "knows", toNoun: "Person", toId: "p-${(n + 1) % 20}" }`;
      ({ position } = (await mutation(`relateThing(input: ${input}) { position }`)).relateThing);
    }
    const query = `query @after(position: "${position}") { things(noun: "Person") { edges { node { id
      relationships(first: 5) { edges { node { thing { id
        relationships(first: 5) { edges { node { thing { id } } } } } } } } } } } }`;
    const store = app.get<ReadStore>(READ_STORE);
    const [queries, reads] = [jest.spyOn(store, 'query'), jest.spyOn(store, 'getMany')];
    const { things } = await graphql.data(query);
    const [first] = things.edges[0].node.relationships.edges;
    expect(first.node.thing).toMatchObject({
      id: 'p-1',
      relationships: { edges: [{ node: { thing: { id: 'p-2' } } }] },
    });
    const asked = (calls: [collection: string, ...rest: unknown[]][], name: string) =>
      calls.filter(([collection]) => collection === name).length;
    expect(asked(queries.mock.calls as never, 'things')).toBe(1);
    // One for each level; the second one has been loaded already, as the things are the same.
    expect(asked(queries.mock.calls as never, 'relationships')).toBeLessThanOrEqual(2);
    expect(asked(reads.mock.calls as never, 'things')).toBeLessThanOrEqual(2);
  });
});
