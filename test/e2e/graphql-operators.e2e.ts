import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ServedWorld } from '#test/support/conformance/served-world';
import { type GraphqlAnswer, GraphqlClient } from '#test/support/graphql-client';

let world: ServedWorld;
let graphql: GraphqlClient;
beforeAll(async () => {
  world = await ServedWorld.start();
  graphql = new GraphqlClient(world.url);
});
afterAll(() => world.stop());

type Data = GraphqlAnswer['data'];

/** Asks until the answer is as it should be: what follows events comes a moment later. Rejects after 10 seconds. */
async function until(query: string, isReady: (data: Data) => boolean): Promise<Data> {
  for (const deadline = performance.now() + 10_000; ;) {
    const data = await graphql.data(query);
    if (isReady(data)) return data;
    if (performance.now() > deadline) throw new Error(`${query} still answers ${JSON.stringify(data)}.`);
  }
}

describe('events', () => {
  it('come in pages, and one by one', async () => {
    await graphql.create('Lamp', 'a');
    await graphql.create('Lamp', 'ab');
    const other = '(objectType: "Lamp", order: desc, limit: 1';
    const { events } = await graphql.data(`{ events${other}) { next items { id type objectId actor { type } } } }`);
    expect(events.items).toMatchObject([{ type: 'Lamp.created', objectId: 'ab', actor: { type: 'anonymous' } }]);
    const next = await graphql.data(`{ events${other}, cursor: "${events.next}") { items { objectId } } }`);
    expect(next.events.items).toEqual([{ objectId: 'a' }]);
    const one = await graphql.data('{ events(objectType: "Lamp", objectId: "a") { next items { objectId } } }');
    expect(one.events).toEqual({ next: null, items: [{ objectId: 'a' }] });
    const { id } = events.items[0];
    const found = await graphql.data(`{ event(id: "${id}") { id stream objectType } none: event(id: "none") { id } }`);
    expect(found).toEqual({ event: { id, stream: 'main.Lamp-ab', objectType: 'Lamp' }, none: null });
  });

  it('of an object are asked for with its type', async () => {
    const { errors } = await graphql.send('{ events(objectId: "a") { next } }');
    expect(errors).toMatchObject([{ extensions: { code: 'invalid-input', errors: [{ pointer: '/objectType' }] } }]);
    expect(await graphql.codes('{ events(cursor: "nonsense") { next } }')).toEqual(['invalid-cursor']);
  });
});

describe('jobs', () => {
  const key = 'schedule:main:daily';

  it('are looked at, cancelled and run again', async () => {
    await graphql.data(`mutation { requestSchedule(input: { id: "daily", time: { cron: "0 9 * * *" },
      command: { command: "DeleteThing", fields: { noun: "Lamp", id: "nobody" } } }) { id } }`);
    await until(`{ job(key: "${key}") { key } }`, ({ job }) => job !== null);
    const { jobs, none } = await graphql.data(`{
      jobs(queue: "schedules", state: scheduled, limit: 1) { items { key handler payload time state error { message } } }
      none: job(key: "none") { key }
    }`);
    expect(jobs.items).toMatchObject([{ key, state: 'scheduled', time: { cron: '0 9 * * *' }, error: null }]);
    expect(none).toBeNull();
    const cancelled = await graphql.data(`mutation { cancelJob(key: "${key}") { state } }`);
    expect(cancelled.cancelJob.state).toBe('cancelled');
    const again = await graphql.data(`mutation { retryJob(key: "${key}") { key state } }`);
    expect(again.retryJob).toMatchObject({ key, state: expect.not.stringMatching('cancelled') });
  });

  it('that are not there are not run', async () => {
    expect(await graphql.codes('mutation { retryJob(key: "none") { key } }')).toEqual(['job-not-found']);
    expect(await graphql.codes('mutation { cancelJob(key: "none") { key } }')).toEqual(['job-not-found']);
    expect(await graphql.codes('{ jobs(cursor: "nonsense") { next } }')).toEqual(['invalid-cursor']);
  });
});

describe('projections', () => {
  it('are looked at, paused and resumed', async () => {
    const { projections, projection, none } = await graphql.data(`{
      projections { name readModel version state paused position lagEvents lagSeconds parkedKeys }
      projection(name: "things") { name }
      none: projection(name: "none") { name }
    }`);
    expect(projections).toContainEqual(expect.objectContaining({ name: 'nouns', readModel: 'nouns', paused: false }));
    expect([projection, none]).toEqual([{ name: 'things' }, null]);
    const { pauseProjection } = await graphql.data('mutation { pauseProjection(name: "nouns") { name paused } }');
    expect(pauseProjection).toEqual({ name: 'nouns', paused: true });
    const { resumeProjection } = await graphql.data('mutation { resumeProjection(name: "nouns") { name paused } }');
    expect(resumeProjection).toEqual({ name: 'nouns', paused: false });
    expect(await graphql.codes('mutation { pauseProjection(name: "none") { name } }')).toEqual([
      'projection-not-found',
    ]);
  });

  it('are built anew, which is told of as an operation', async () => {
    const { rebuildProjections: asked } = await graphql.data(
      'mutation { rebuildProjections(projections: ["nouns", "schedules"]) { id kind request } }',
    );
    expect(asked).toMatchObject({ kind: 'rebuild', request: { projections: ['nouns', 'schedules'] } });
    await until(`{ operation(id: "${asked.id}") { state } }`, ({ operation: { state } }) => state === 'done');
    const { operations } = await graphql.data('{ operations(kind: "rebuild", state: done) { items { id endedAt } } }');
    expect(operations.items).toContainEqual({ id: asked.id, endedAt: expect.any(String) });
    const ended = `(id: "${asked.id}") { id }`;
    expect(await graphql.codes(`mutation { cancelOperation${ended} }`)).toEqual(['operation-ended']);
    expect(await graphql.codes(`mutation { resumeOperation${ended} }`)).toEqual(['operation-not-stopped']);
    expect(await graphql.codes('mutation { rebuildProjections(projections: ["none"]) { id } }')).toEqual([
      'projection-not-found',
    ]);
  });
});

describe('operations', () => {
  it('are cancelled and resumed', async () => {
    const id = await world.askForWork('nobody-can');
    const state = async (document: string) =>
      (await graphql.data(document.replace('#', `(id: "${id}") { state }`))) as object;
    expect(await state('{ operation# }')).toEqual({ operation: { state: 'pending' } });
    await state('mutation { cancelOperation# }');
    await until(`{ operation(id: "${id}") { state } }`, ({ operation }) => operation.state === 'cancelled');
    expect(await state('mutation { resumeOperation# }')).toEqual({ resumeOperation: { state: 'pending' } });
    expect(await graphql.data('{ operation(id: "none") { id } }')).toEqual({ operation: null });
    expect(await graphql.codes('mutation { cancelOperation(id: "none") { id } }')).toEqual(['operation-not-found']);
  });
});

describe('parked events', () => {
  it('are listed, grouped, tried again and left out', async () => {
    const names = [];
    for (const id of ['p', 'q', 'r']) {
      const { position } = await graphql.create('Parked', id);
      await graphql.data(
        `query @after(position: "${position}", wait: "10s") { things(noun: "Parked") { pageInfo { hasNextPage } } }`,
      );
      names.push(await world.parkThing('Parked', id));
    }
    const [first, second, third] = names;
    const found = await graphql.data(`{
      parkedEvents(projection: "things", limit: 2) { next items { id key cause event { type } error { message } waiting { count } } }
      parkedEventGroups(projection: "things") { keys message eventTypes }
      parkedEvent(id: "${first}") { id attempts }
      none: parkedEvent(id: "none") { id }
    }`);
    expect(found.parkedEvents).toMatchObject({ next: expect.any(String), items: [{ id: first }, { id: second }] });
    expect(found.parkedEventGroups).toContainEqual(expect.objectContaining({ eventTypes: ['Parked.created'] }));
    expect(found).toMatchObject({ parkedEvent: { id: first, attempts: 3 }, none: null });

    const skip = `mutation { skipParkedEvent(id: "${first}", reason: "broken") { id outcome position revision } }`;
    const { data, headers } = await graphql.send(skip);
    expect(data.skipParkedEvent).toMatchObject({ id: first, outcome: 'replayed' });
    expect(headers.get('perdure-position')).toBe(data.skipParkedEvent.position);
    const { replayParkedEvent } = await graphql.data(`mutation { replayParkedEvent(id: "${second}") { id outcome } }`);
    expect(replayParkedEvent).toEqual({ id: second, outcome: 'replayed' });
    const all = await graphql.data(
      'mutation { replayParkedEvents(projection: "things", reason: "mended") { id outcome } }',
    );
    expect(all.replayParkedEvents).toEqual([{ id: third, outcome: 'replayed' }]);
    const skipped = await graphql.data('{ events(types: ["projection.eventSkipped"]) { items { reason } } }');
    expect(skipped.events.items).toEqual([{ reason: 'broken' }]);
  });

  it('are tried again where it is said which', async () => {
    expect(await graphql.codes('mutation { replayParkedEvents { id } }')).toEqual(['invalid-input']);
    expect(await graphql.codes('mutation { replayParkedEvent(id: "none") { id } }')).toEqual([
      'parked-event-not-found',
    ]);
    expect(await graphql.codes('mutation { skipParkedEvent(id: "none", reason: "x") { id } }')).toEqual([
      'parked-event-not-found',
    ]);
  });
});

describe('a subject', () => {
  it('is looked at and erased', async () => {
    const schema = {
      type: 'object',
      'x-subject': 'person',
      properties: { person: { type: 'string' }, email: { type: 'string', 'x-personal': true } },
    };
    const define = 'mutation ($schema: JSON) { defineNoun(input: { noun: "Customer", schema: $schema }) { id } }';
    await graphql.data(define, { schema });
    await graphql.create('Customer', 'ada', { person: 'ada', email: 'ada@example.org' });
    expect((await graphql.data('{ subject(id: "ada") { status erasures { at } } }')).subject).toEqual({
      status: 'active',
      erasures: [],
    });
    const { data, headers } = await graphql.send(`mutation { eraseSubject(id: "ada", reason: "asked for") {
      id status erasures { reason actor { type } keyIds where { place outcome } }
    } }`);
    expect(data.eraseSubject).toMatchObject({
      status: 'erased',
      erasures: [{ reason: 'asked for', actor: { type: 'anonymous' }, keyIds: [expect.any(String)] }],
    });
    expect(headers.get('perdure-position')).toMatch(/^\d+$/);
    expect((await graphql.data('{ thing(noun: "Customer", id: "ada") { data } }')).thing.data.email).toBeNull();
    expect(await graphql.data('{ subject(id: "nobody") { id } }')).toEqual({ subject: null });
    expect(await graphql.codes('mutation { eraseSubject(id: "nobody") { id } }')).toEqual(['subject-not-found']);
  });
});

describe('the heads of the audit tree', () => {
  it('are there once they are signed', async () => {
    const query = '{ auditHead { revision size root note } auditHeads(limit: 1000) { items { revision } } }';
    const { auditHead, auditHeads } = await until(query, ({ auditHead: head }) => head !== null);
    expect(auditHead.note).toContain(auditHead.root);
    expect(auditHeads.items.length).toBeGreaterThan(0);
    expect(await graphql.codes('{ auditHeads(cursor: "nonsense") { next } }')).toEqual(['invalid-cursor']);
  });
});
