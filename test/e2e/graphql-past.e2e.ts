import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CREATE, GraphqlClient } from '#test/support/graphql-client';
import { GraphqlSocket } from '#test/support/graphql-socket';
import { PerdureServer } from '#test/support/perdure-server';

let perdure: PerdureServer;
let graphql: GraphqlClient;
beforeAll(async () => {
  perdure = await PerdureServer.start();
  graphql = new GraphqlClient(perdure.url);
});
afterAll(() => perdure.stop());

const create = (noun: string, id: string, data?: object) => graphql.create(noun, id, data);

describe('an object', () => {
  it('has a past', async () => {
    await create('Plan', 'p', { title: 'one', open: true });
    const patch =
      'mutation { updateThing(input: { noun: "Plan", id: "p", patch: { title: "two" } }, reason: "better") { position } }';
    const { position } = (await graphql.data(patch)).updateThing;
    const { object } = await graphql.data(`query @after(position: "${position}") { object(type: "Plan", id: "p") {
      revision state
      history(order: desc, first: 1) { edges { cursor node { type reason } } pageInfo { hasNextPage } }
      diff(from: "0") { fromRevision toRevision patch fields { pointer kind before after event { revision reason } } }
      blame(below: "/data") { fields { pointer value event { revision actor { type } } } }
      trace { steps { depth object { type id } events { type } } }
    } }`);
    expect(object).toMatchObject({ revision: 1, state: { data: { title: 'two' } } });
    expect(object.history).toMatchObject({
      edges: [{ node: { type: 'Plan.updated', reason: 'better' } }],
      pageInfo: { hasNextPage: true },
    });
    expect(object.diff.fields).toContainEqual({
      pointer: '/data/title',
      kind: 'replaced',
      before: 'one',
      after: 'two',
      event: { revision: 1, reason: 'better' },
    });
    expect(object.blame.fields).toContainEqual({
      pointer: '/data/open',
      value: true,
      event: { revision: 0, actor: { type: 'anonymous' } },
    });
    expect(object.trace.steps).toEqual([
      { depth: 0, object: { type: 'Plan', id: 'p' }, events: [{ type: 'Plan.updated' }] },
    ]);
    const then = await graphql.data(
      '{ object(type: "Plan", id: "p", revision: 0) { state } never: object(type: "Plan", id: "p", at: "2001-01-01") { state } }',
    );
    expect(then).toMatchObject({ object: { state: { data: { title: 'one' } } }, never: null });
    expect(await graphql.codes('{ object(type: "Plan", id: "p", revision: 0, at: "2001") { state } }')).toEqual([
      'invalid-input',
    ]);
  });
});

describe('a dry run', () => {
  const query = `query ($revision: SafeInt) { dryRun(type: "Draft", id: "d", command: "UpdateThing", revision: $revision,
    fields: { noun: "Draft", id: "d", patch: { title: "two" } }) { outcome revision events { type data } refused { code } state } }`;

  it('says what a command would lead to, and appends nothing', async () => {
    expect((await graphql.data(query)).dryRun).toMatchObject({
      outcome: 'refused',
      refused: { code: 'thing-not-found' },
    });
    await create('Draft', 'd', { title: 'one' });
    expect((await graphql.data(query)).dryRun).toMatchObject({
      outcome: 'accepted',
      events: [{ type: 'Draft.updated', data: { patch: { title: 'two' } } }],
      state: { data: { title: 'two' } },
    });
    expect((await graphql.data('{ thing(noun: "Draft", id: "d") { revision } }')).thing).toEqual({ revision: 0 });
  });
});

describe('personal data', () => {
  it('is shown everywhere, and nowhere after it was erased', async () => {
    const email = 'ada@analytical.example';
    const schema = { properties: { email: { type: 'string', 'x-personal': true } } };
    await graphql.data('mutation ($schema: JSON) { defineNoun(input: { noun: "Patient", schema: $schema }) { id } }', {
      schema,
    });
    await create('Patient', 'ada', { email, ward: 7 });
    await create('Patient', 'bob', { ward: 7 });
    const relate = `mutation { relateThing(input: { noun: "Patient", id: "bob", relationship: "knows", toNoun: "Patient", toId: "ada" }) { position } }`;
    const { position } = (await graphql.data(relate)).relateThing;
    const query = `query @after(position: "${position}") {
      thing(noun: "Patient", id: "ada") { data history { edges { node { data erased } } } }
      things(noun: "Patient", first: 1) { edges { node { data } } }
      bob: thing(noun: "Patient", id: "bob") { relationships { edges { node { thing { data } } } } }
      object(type: "Patient", id: "ada") { state erased history { edges { node { data } } } blame { fields { value } } }
    }`;
    const shown = JSON.stringify(await graphql.data(query));
    expect(shown.split(email)).toHaveLength(8);
    const socket = await GraphqlSocket.open(perdure.url);
    const subscription =
      'subscription { events(noun: "Patient", after: "0", types: "Patient.created") { data erased } }';
    expect((await socket.subscribe(subscription).next()).events.data.data).toEqual({ email, ward: 7 });

    const erased = await fetch(`${perdure.url}/api/v1/subjects/Patient-ada`, { method: 'DELETE' });
    expect(erased.status).toBeLessThan(300);
    const left = await graphql.data(query);
    expect(JSON.stringify(left)).not.toContain(email);
    expect(left.thing.data).toMatchObject({ email: null, ward: 7 });
    expect(left.thing.history.edges[0].node.erased).toEqual(['/data/data/email']);
    expect((await socket.subscribe(subscription).next()).events).toEqual({
      data: { data: { email: null, ward: 7 } },
      erased: ['/data/data/email'],
    });
    await socket.close();
  });
});

describe('the audit', () => {
  it('lists who did what, refusals too, and sums up', async () => {
    const { position } = await create('Ledger', 'l');
    await graphql.codes(CREATE, { input: { noun: 'Ledger', id: 'l', data: {} } });
    const query = `query ($position: String!) @after(position: $position) {
      auditEvents(objectType: "Ledger", refused: without, limit: 1) { items { type actor { type } object { type id } } next }
      auditReport(from: "2020-01-01T00:00:00Z", to: "2100-01-01T00:00:00Z") { events byObjectType { objectType events } }
    }`;
    const { auditEvents, auditReport } = await graphql.data(query, { position });
    expect(auditEvents).toEqual({
      items: [{ type: 'Ledger.created', actor: { type: 'anonymous' }, object: { type: 'Ledger', id: 'l' } }],
      next: null,
    });
    expect(auditReport.byObjectType).toContainEqual({ objectType: 'Ledger', events: expect.any(Number) });
    expect(await graphql.codes('{ auditEvents(limit: 0) { next } }')).toEqual(['invalid-input']);
  });
});
