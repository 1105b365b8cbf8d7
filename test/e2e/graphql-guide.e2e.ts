import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { GraphqlClient } from '#test/support/graphql-client';
import { GraphqlSocket } from '#test/support/graphql-socket';
import { PerdureServer } from '#test/support/perdure-server';

/** An operation of the guide, and what stands below it as the answer. */
interface Example {
  readonly query: string;
  readonly fails: boolean;
  readonly answer: object;
}

const guide = readFileSync('docs/guides/graphql.md', 'utf8');
const examples = [...guide.matchAll(/```graphql( error)?\n(.*?)```\s*```json\n(.*?)```/gs)].map(
  ([, error, query, answer]): Example => ({ query: query!, fails: !!error, answer: JSON.parse(answer!) as object }),
);

let perdure: PerdureServer;
let graphql: GraphqlClient;
let position = '0';
beforeAll(async () => {
  perdure = await PerdureServer.start();
  graphql = new GraphqlClient(perdure.url);
});
afterAll(() => perdure.stop());

describe('the guide to GraphQL', () => {
  it('has an answer to each of its operations', () => {
    expect(examples).toHaveLength([...guide.matchAll(/```graphql/g)].length);
  });

  it.each(examples.map((example, index) => [index + 1, example] as const))(
    'says what happens in example %d',
    async (_, example) => {
      if (example.query.startsWith('subscription')) {
        const socket = await GraphqlSocket.open(perdure.url);
        expect(await socket.subscribe(example.query).next()).toMatchObject(example.answer);
        return socket.close();
      }
      const { data, errors, headers } = await graphql.send(example.query, { position });
      if (example.fails) return expect(errors).toMatchObject([{ extensions: example.answer }]);
      expect(errors).toBeUndefined();
      expect(data).toMatchObject(example.answer);
      position = headers.get('perdure-position') ?? position;
    },
  );
});
