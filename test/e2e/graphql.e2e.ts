import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CREATE, GraphqlClient } from '#test/support/graphql-client';
import { PerdureServer } from '#test/support/perdure-server';

let perdure: PerdureServer;
let graphql: GraphqlClient;
beforeAll(async () => {
  perdure = await PerdureServer.start();
  graphql = new GraphqlClient(perdure.url);
});
afterAll(() => perdure.stop());

const create = (noun: string, id: string, data?: object) => graphql.create(noun, id, data);

describe('a mutation', () => {
  it('carries out a command', async () => {
    const { data, headers } = await graphql.send(CREATE, { input: { noun: 'Lamp', id: 'a', data: { watts: 5 } } });
    expect(data.createThing).toMatchObject({ id: 'a', revision: 0, created: true, replayed: false });
    expect(headers.get('perdure-position')).toBe(data.createThing.position);
    const { thing } = await graphql.data('{ thing(noun: "Lamp", id: "a") { id noun revision data } }');
    expect(thing).toEqual({ id: 'a', noun: 'Lamp', revision: 0, data: { watts: 5 } });
  });

  it('takes literals as well as variables', async () => {
    const literal = `mutation { actOnThing(input: { noun: "Lamp", id: "lit", verb: "bought", create: true, set: { a: { b: [1, null, "x"] } } }) { revision } }`;
    expect(await graphql.data(literal)).toEqual({ actOnThing: { revision: 0 } });
    const again = `mutation { updateThing(input: { noun: "Lamp", id: "lit", patch: { a: { b: [1, null, "x"] } } }) { revision } }`;
    // The same data is no change, so that there is no event.
    expect(await graphql.data(again)).toEqual({ updateThing: { revision: 0 } });
  });

  it('takes null for what may be left out', async () => {
    const input = { noun: 'Lamp', id: 'nothing', verb: 'bought', create: true, set: null };
    const codes = await graphql.codes('mutation ($input: ActOnThingInput!) { actOnThing(input: $input) { id } }', {
      input,
    });
    expect(codes).toEqual(['invalid-input']);
    const schedule = {
      id: null,
      command: { command: 'DeleteThing', fields: { noun: 'Lamp', id: 'a' }, reason: null },
      time: { after: 3_600_000, at: null },
    };
    const asked = await graphql.data(
      'mutation ($input: RequestScheduleInput!) { requestSchedule(input: $input) { created } }',
      { input: schedule },
    );
    expect(asked).toEqual({ requestSchedule: { created: true } });
  });

  it('refuses what the command refuses, with the problem that REST answers', async () => {
    const { errors, status } = await graphql.send(CREATE, { input: { noun: 'not a noun', data: {} } });
    expect(status).toBe(200);
    expect(errors).toEqual([
      {
        message: 'The input is not valid; see errors for what to change.',
        path: ['createThing'],
        locations: [{ line: 2, column: 3 }],
        extensions: {
          code: 'invalid-input',
          type: '/problems/invalid-input',
          title: 'The input is not valid',
          status: 400,
          instance: expect.stringMatching(/^\/graphql#/),
          errors: [{ pointer: '/input/noun', detail: expect.stringContaining('a name') }],
        },
      },
    ]);
    await create('Lamp', 'once');
    expect(await graphql.codes(CREATE, { input: { noun: 'Lamp', id: 'once', data: {} } })).toEqual(['thing-exists']);
  });

  it('can be one of several, each with an envelope of its own', async () => {
    const { data, errors, headers } = await graphql.send(
      `mutation {
        one: createThing(input: { noun: "Lamp", id: "one", data: {} }, reason: "first") { revision }
        wrong: updateThing(input: { noun: "Lamp", id: "one", patch: { a: 1 } }, expectedRevision: 7) { revision }
        two: updateThing(input: { noun: "Lamp", id: "one", patch: { a: 2 } }, expectedRevision: 0, occurredAt: "2020-01-01T00:00:00+01:00") { revision position }
      }`,
      undefined,
      { headers: { 'perdure-reason': 'all' } },
    );
    // Errors do not undo what went before.
    expect(errors).toMatchObject([{ path: ['wrong'], extensions: { code: 'precondition-failed', status: 412 } }]);
    expect(data).toBeNull();
    const { thing } = await graphql.data(
      '{ thing(noun: "Lamp", id: "one") { history { edges { node { reason occurredAt position } } } } }',
    );
    expect(thing.history.edges.map(({ node }: { node: object }) => node)).toMatchObject([{ reason: 'first' }]);
    expect(headers.get('perdure-position')).toBe(thing.history.edges[0].node.position);
  });

  it('is carried out once under one key', async () => {
    const asked = { input: { noun: 'Lamp', id: 'keyed', data: {} }, key: 'key-1' };
    expect((await graphql.data(CREATE, asked)).createThing).toMatchObject({ replayed: false });
    expect((await graphql.data(CREATE, asked)).createThing).toMatchObject({ revision: 0, replayed: true });
    const other = { ...asked, input: { ...asked.input, data: { other: true } } };
    expect(await graphql.codes(CREATE, other)).toEqual(['idempotency-key-reused']);

    const headers = { 'idempotency-key': 'key-2' };
    const two = `mutation { a: createThing(input: { noun: "Lamp", data: {} }) { id replayed } b: createThing(input: { noun: "Lamp", data: {} }) { id replayed } }`;
    const first = (await graphql.send(two, undefined, { headers })).data;
    expect(first.a.id).not.toBe(first.b.id);
    const { data } = await graphql.send(two, undefined, { headers });
    expect(data).toEqual({ a: { id: first.a.id, replayed: true }, b: { id: first.b.id, replayed: true } });
  });

  it('must not exist yet where it says so', async () => {
    const act = `mutation { actOnThing(input: { noun: "Lamp", id: "fresh", verb: "bought", create: true }, expectedRevision: -1) { created } }`;
    expect(await graphql.data(act)).toEqual({ actOnThing: { created: true } });
    expect(await graphql.codes(act)).toEqual(['precondition-failed']);
  });

  it('answers null where something of it was refused', async () => {
    const { data, errors } = await graphql.send('mutation { cancelSchedule(input: { id: "none" }) { id } }');
    expect(data).toBeNull();
    expect(errors).toMatchObject([{ extensions: { code: 'schedule-not-found', status: 404 } }]);
  });

  it('is refused by GET', async () => {
    const query = encodeURIComponent('mutation { deleteThing(input: { noun: "Lamp", id: "a" }) { id } }');
    const response = await fetch(`${perdure.url}/graphql?query=${query}`);
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
    expect(((await response.json()) as { errors: object[] }).errors).toMatchObject([
      { extensions: { code: 'graphql-wrong-transport' } },
    ]);
    expect((await graphql.data('{ thing(noun: "Lamp", id: "a") { id } }')).thing).toEqual({ id: 'a' });
  });
});

describe('a query', () => {
  const ids = ({ edges }: { edges: { node: { id: string } }[] }) => edges.map(({ node }) => node.id);
  let last: string;
  beforeAll(async () => {
    for (const [id, size] of Object.entries({ a: 3, b: 1, c: 2, d: 2, e: 9 }))
      last = (await create('Box', id, { size })).position;
  });

  const PAGE = `query Page($after: String, $first: Int, $last: Int, $before: String, $sort: String, $position: String!) @after(position: $position) {
    things(noun: "Box", sort: $sort, first: $first, after: $after, last: $last, before: $before) {
      edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }`;
  const page = async (variables: object) =>
    (await graphql.data(PAGE, { position: last, sort: 'size', ...variables })).things;

  it('sees its own writes after their position', async () => {
    const { position } = await create('Fresh', 'x');
    const query = `query @after(position: "${position}", wait: "5s") { things(noun: "Fresh") { edges { node { id } } } thingCount(noun: "Fresh") noun(noun: "Fresh") { noun } }`;
    const data = await graphql.data(query);
    expect(data).toEqual({ things: { edges: [{ node: { id: 'x' } }] }, thingCount: 1, noun: { noun: 'Fresh' } });
  });

  it('is told when the position is none of this store', async () => {
    const query = 'query { things(noun: "Box") { edges { cursor } } }';
    const far = await graphql.send(query, undefined, { parameters: '?after=99999999&wait=10ms' });
    expect(far.errors).toMatchObject([{ path: ['things'] }]);
    const wrong = await graphql.send('query @after(position: "x") { nouns { edges { cursor } } }');
    expect(wrong.errors).toMatchObject([{ extensions: { code: 'invalid-input' } }]);
  });

  it('goes through a list forwards and backwards', async () => {
    const first = await page({ first: 2 });
    expect(ids(first)).toEqual(['b', 'c']);
    expect(first.pageInfo).toMatchObject({ hasNextPage: true, hasPreviousPage: false });
    const second = await page({ first: 2, after: first.pageInfo.endCursor });
    expect(ids(second)).toEqual(['d', 'a']);
    const third = await page({ first: 2, after: second.pageInfo.endCursor });
    expect([ids(third), third.pageInfo.hasNextPage]).toEqual([['e'], false]);
    const back = await page({ last: 2, before: third.pageInfo.startCursor });
    expect([ids(back), back.pageInfo.hasPreviousPage]).toEqual([['d', 'a'], true]);
    expect(ids(await page({ last: 2 }))).toEqual(['a', 'e']);
    // Any edge's cursor is a place in the list.
    expect(ids(await page({ first: 1, after: first.edges[0].cursor }))).toEqual(['c']);
    expect(ids(await page({ last: 1, before: second.edges[1].cursor, sort: 'size' }))).toEqual(['d']);
    expect(ids(await page({ last: 9, sort: undefined }))).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('refuses to go both ways, and cursors of other lists', async () => {
    const { edges } = await page({ first: 1 });
    const asked = { position: last, sort: 'size' };
    expect(await graphql.codes(PAGE, { ...asked, first: 1, last: 1 })).toEqual(['invalid-input']);
    expect(await graphql.codes(PAGE, { ...asked, sort: '-size', after: edges[0].cursor })).toEqual(['invalid-cursor']);
  });

  it('filters', async () => {
    const query = `query ($where: JSON) @after(position: "${last}") { things(noun: "Box", where: $where, sort: "-size") { edges { node { id } } } }`;
    expect(ids((await graphql.data(query, { where: { size: { $gt: 2 } } })).things)).toEqual(['e', 'a']);
    expect(await graphql.codes(query, { where: { size: { $where: '1' } } })).toEqual(['invalid-where-clause']);
    expect(await graphql.codes(query, { where: 'text' })).toEqual(['invalid-input']);
  });

  it('shows a thing at a revision, and its history', async () => {
    await graphql.data('mutation { updateThing(input: { noun: "Box", id: "a", patch: { size: 4 } }) { id } }');
    const data = await graphql.data(`{
      now: thing(noun: "Box", id: "a") { data createdAt deletedAt
        history(first: 1) { edges { cursor node { type data actor { type } } } pageInfo { hasNextPage endCursor } } }
      then: thing(noun: "Box", id: "a", revision: 0) { data revision }
      never: thing(noun: "Box", id: "zzz") { id }
    }`);
    expect(data.now).toMatchObject({ data: { size: 4 }, createdAt: expect.stringMatching(/Z$/), deletedAt: null });
    expect(data.now.history.edges).toMatchObject([{ node: { type: 'Box.created', actor: { type: 'anonymous' } } }]);
    expect(data.then).toEqual({ data: { size: 3 }, revision: 0 });
    expect(data.never).toBeNull();
    const after = data.now.history.pageInfo.endCursor as string;
    const next = `{ thing(noun: "Box", id: "a") { history(after: "${after}") { edges { node { type } } pageInfo { hasNextPage } } } }`;
    expect((await graphql.data(next)).thing.history).toEqual({
      edges: [{ node: { type: 'Box.updated' } }],
      pageInfo: { hasNextPage: false },
    });
    expect(await graphql.codes('{ thing(noun: "Box", id: "a", revision: 99) { id } }')).toEqual(['revision-not-found']);
  });

  it('finds a thing by its id among all', async () => {
    const { thing } = await graphql.data('{ thing(noun: "Box", id: "b") { nodeId } }');
    const { node } = await graphql.data(
      'query ($id: ID!) { node(nodeId: $id) { __typename nodeId ... on Thing { noun id } } }',
      { id: thing.nodeId },
    );
    expect(node).toEqual({ __typename: 'Thing', nodeId: thing.nodeId, noun: 'Box', id: 'b' });
    expect(await graphql.data('{ node(nodeId: "x") { nodeId } }')).toEqual({ node: null });
  });

  it('shows schedules', async () => {
    const { schedules } = await graphql.data(
      '{ schedules(state: open) { edges { node { state time command { command } } } } }',
    );
    expect(schedules.edges).toEqual([expect.objectContaining({ node: expect.objectContaining({ state: 'open' }) })]);
    expect(await graphql.data('{ schedule(id: "none") { id } }')).toEqual({ schedule: null });
  });

  it('comes by GET too', async () => {
    const query = encodeURIComponent('query Q($id: ID!) { thing(noun: "Box", id: $id) { id } }');
    const variables = encodeURIComponent('{"id":"b"}');
    const response = await fetch(`${perdure.url}/graphql?query=${query}&variables=${variables}&operationName=Q`);
    expect(await response.json()).toEqual({ data: { thing: { id: 'b' } } });
  });
});

describe('relationships', () => {
  const relate = (from: string, relationship: string, to: string) =>
    graphql.data('mutation ($input: RelateThingInput!) { relateThing(input: $input) { position } }', {
      input: { noun: 'Person', id: from, relationship, toNoun: 'Person', toId: to, data: { since: 'school' } },
    });
  let position: string;
  beforeAll(async () => {
    for (const id of ['ann', 'bob', 'cid', 'dan']) await create('Person', id);
    for (const [from, to] of [
      ['ann', 'bob'],
      ['ann', 'cid'],
      ['ann', 'dan'],
      ['bob', 'ann'],
    ])
      await relate(from!, 'knows', to!);
    position = (await relate('cid', 'likes', 'ann')).relateThing.position;
  });

  it('are seen from both ends, through several things', async () => {
    const data = await graphql.data(`query @after(position: "${position}") {
      things(noun: "Person") { edges { node { id
        out: relationships { edges { node { relationship data thing { id } } } }
        knownBy: relationships(direction: in, name: "knows") { edges { node { thing { id relationships(name: "likes") { edges { node { thing { id } } } } } } } }
      } } }
    }`);
    const [ann, bob] = data.things.edges.map(({ node }: { node: object }) => node);
    const far = (list: { edges: { node: { thing: { id: string } } }[] }) =>
      list.edges.map(({ node }) => node.thing.id).sort();
    expect(far(ann.out)).toEqual(['bob', 'cid', 'dan']);
    expect(ann.out.edges[0].node).toMatchObject({ relationship: 'knows', data: { since: 'school' } });
    expect(far(ann.knownBy)).toEqual(['bob']);
    expect(far(bob.knownBy)).toEqual(['ann']);
  });

  it('come in pages', async () => {
    const query = `query ($after: String) @after(position: "${position}") { thing(noun: "Person", id: "ann") {
      relationships(first: 2, after: $after) { edges { node { thing { id } } } pageInfo { hasNextPage endCursor } } } }`;
    const first = (await graphql.data(query)).thing.relationships;
    expect([first.edges.length, first.pageInfo.hasNextPage]).toEqual([2, true]);
    const rest = (await graphql.data(query, { after: first.pageInfo.endCursor })).thing.relationships;
    expect([rest.edges.length, rest.pageInfo.hasNextPage]).toEqual([1, false]);
  });
});

describe('the URL', () => {
  it('shows browsers a page, and everybody the schema', async () => {
    const page = await fetch(`${perdure.url}/graphql`, { headers: { accept: 'text/html,*/*;q=0.8' } });
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    const schema = await fetch(`${perdure.url}/schema.graphql`);
    expect(await schema.text()).toContain('createThing(');
  });

  it('answers with problems what is no GraphQL', async () => {
    const send = (body: string, headers: Record<string, string> = {}) =>
      fetch(`${perdure.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body,
      });
    const code = async (response: Response) => {
      const body = (await response.json()) as { code?: string; errors?: { extensions: { code: string } }[] };
      return [response.status, body.code ?? body.errors?.[0]?.extensions.code];
    };
    expect(await code(await send('[{"query":"{ __typename }"}]'))).toEqual([400, 'graphql-malformed']);
    expect(await code(await send('{"query":7}'))).toEqual([400, 'graphql-malformed']);
    expect(await code(await send('{"query":'))).toEqual([400, 'malformed-json']);
    expect(await code(await send('{}', { 'content-type': 'text/plain' }))).toEqual([415, 'unsupported-media-type']);
    expect(await code(await send('{}', { accept: 'image/png' }))).toEqual([406, 'graphql-not-acceptable']);
    expect(await code(await fetch(`${perdure.url}/graphql`, { method: 'DELETE' }))).toEqual([
      405,
      'method-not-allowed',
    ]);
    expect(await code(await send('{"query":"{ nothing }"}'))).toEqual([200, 'graphql-invalid']);
    const graphqlJson = { accept: 'application/graphql-response+json' };
    expect(await code(await send('{"query":"{ nothing }"}', graphqlJson))).toEqual([400, 'graphql-invalid']);
    expect(await code(await send('{"query":"subscription { events { id } }"}', graphqlJson))).toEqual([
      400,
      'graphql-wrong-transport',
    ]);
  });
});
