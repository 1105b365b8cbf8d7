import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { applyPatch, type Operation } from 'rfc6902';
import type { Response } from 'supertest';
import type { JsonObject } from '#kernel/json';
import { PerdureServer } from '#test/support/perdure-server';

let perdure: PerdureServer;
beforeAll(async () => {
  perdure = await PerdureServer.start();
});
afterAll(() => perdure.stop());

const objects = '/api/v1/objects';
const things = '/api/v1/things';
const problem = (code: string, more: object = {}) => expect.objectContaining({ code, ...more });
const at = (pointer: string) => ({ errors: [expect.objectContaining({ pointer })] });
const get = (path: string, query: object = {}) => perdure.api.get(`${objects}/${path}`).query(query);
const create = (noun: string, data: JsonObject) => perdure.api.post(`${things}/${noun}`).send(data).expect(201);
const act = (path: string, set: JsonObject, occurredAt?: string, reason = 'because') =>
  perdure.api
    .post(`${things}/${path}`)
    .set('perdure-reason', reason)
    .set(occurredAt === undefined ? {} : { 'perdure-occurred-at': occurredAt })
    .send({ set })
    .expect(200);

/** A parcel whose scans came in late: revision 2 happened before revision 1. */
beforeAll(async () => {
  await perdure.api
    .post(`${things}/Parcel`)
    .set('perdure-occurred-at', '2026-01-01T08:00:00Z')
    .send({ $id: 'p', place: 'depot', weight: 3, tags: ['a'] })
    .expect(201);
  await act('Parcel/p/verbs/delivered', { place: 'door', by: { name: 'Ada' } }, '2026-01-03T08:00:00Z');
  await act('Parcel/p/verbs/loaded', { van: 7 }, '2026-01-02T08:00:00Z', 'the scanner was offline');
});

describe('an object at a moment', () => {
  it('is as it is now, with the last event that is in it', async () => {
    const { body } = await get('Parcel/p').expect(200).expect('etag', '"2"');
    expect(body).toMatchObject({
      ...{ type: 'Parcel', id: 'p', revision: 2, occurredAt: '2026-01-02T08:00:00.000Z' },
      state: { status: 'present', data: { place: 'door', weight: 3, van: 7 } },
    });
    expect(Date.parse(body.recordedAt)).toBeGreaterThan(Date.parse('2026-01-03'));
    await get('Parcel/p').set('if-none-match', '"2"').expect(304);
  });

  it('is as it was at a revision, and at the times at which it was recorded or happened', async () => {
    const first = await get('Parcel/p', { revision: 0 }).expect(200).expect('etag', '"0"');
    expect(first.body.state.data).toEqual({ place: 'depot', weight: 3, tags: ['a'] });
    const { recordedAt } = first.body;
    expect((await get('Parcel/p', { at: recordedAt }).expect(200)).body.revision).toBeGreaterThanOrEqual(0);

    const happened = await get('Parcel/p', { at: '2026-01-02T12:00:00Z', clock: 'occurred' }).expect(200);
    expect(happened.body).toMatchObject({ revision: 2, state: { data: { place: 'depot', van: 7 } } });
    const coarse = await get('Parcel/p', { at: '2026-01-02', clock: 'occurred' }).expect(200);
    expect(coarse.body).toMatchObject({ revision: 0 });
    const offset = await perdure.api.get(`${objects}/Parcel/p?clock=occurred&at=2026-01-01T09:30:00+01:00`).expect(200);
    expect(offset.body).toMatchObject({ revision: 0 });
  });

  it('says what to ask instead where there is nothing', async () => {
    expect((await get('Parcel/nobody').expect(404)).body).toEqual(problem('object-not-found'));
    expect((await get('Parcel/nobody', { revision: 3 }).expect(404)).body).toEqual(problem('object-not-found'));
    expect((await get('Parcel/nobody', { at: '2026' }).expect(404)).body).toEqual(problem('object-not-found'));
    expect((await get('thing/p').expect(404)).body).toEqual(problem('object-type-not-found'));
    const far = await get('Parcel/p', { revision: 3 }).expect(404);
    expect(far.body).toEqual(problem('revision-not-reached', { detail: expect.stringContaining('at revision 2') }));
    const early = await get('Parcel/p', { at: '2020-01-01' }).expect(404);
    expect(early.body).toEqual(problem('object-absent', { detail: expect.stringContaining('not there yet') }));
  });

  it('was there before it was deleted', async () => {
    await create('Parcel', { $id: 'gone', place: 'depot' });
    await perdure.api.delete(`${things}/Parcel/gone`).expect(200);
    const { body } = await get('Parcel/gone').expect(404);
    expect(body).toEqual(problem('object-absent', { detail: expect.stringContaining('revision=0') }));
    expect((await get('Parcel/gone', { revision: 0 }).expect(200)).body.state.data).toEqual({ place: 'depot' });
  });

  it.each([
    [{ revision: 0, at: '2026' }, '/query/at'],
    [{ at: 'yesterday' }, '/query/at'],
    [{ at: '2026-02-30' }, '/query/at'],
    [{ clock: 'occurred' }, '/query/clock'],
    [{ at: '2026', clock: 'sundial' }, '/query/clock'],
    [{ revision: -1 }, '/query/revision'],
    [{ revision: 1.5 }, '/query/revision'],
    [{ when: 'now' }, '/query/when'],
  ])('refuses %j', async (query, pointer) => {
    const { body } = await get('Parcel/p', query).expect(400);
    expect(body).toEqual(problem('invalid-input', at(pointer)));
  });
});

describe('the history of an object', () => {
  const revisions = async (query: object, path = 'Parcel/p') => {
    const seen: number[] = [];
    for (let cursor: string | undefined = ''; cursor !== undefined;) {
      const { body }: Response = await get(`${path}/history`, { ...query, ...(cursor && { cursor }) }).expect(200);
      seen.push(...body.items.map(({ revision }: { revision: number }) => revision));
      cursor = body.next;
    }
    return seen;
  };

  it('says who, when, why and because of what', async () => {
    const { body } = await get('Parcel/p/history').expect(200);
    expect(body.items[2]).toMatchObject({
      type: 'Parcel.loaded',
      data: { set: { van: 7 } },
      reason: 'the scanner was offline',
      actor: { type: 'anonymous', id: 'anonymous' },
      occurredAt: '2026-01-02T08:00:00.000Z',
      schemaVersion: 1,
      commandId: expect.any(String),
      causationId: expect.any(String),
    });
  });

  it('is paged, either way, and filtered by type, actor and time', async () => {
    expect(await revisions({ limit: 2 })).toEqual([0, 1, 2]);
    expect(await revisions({ limit: 1, order: 'desc' })).toEqual([2, 1, 0]);
    expect(await revisions({ types: ['Parcel.created', 'Parcel.loaded'], limit: 1 })).toEqual([0, 2]);
    expect(await revisions({ actor: 'anonymous:anonymous' })).toEqual([0, 1, 2]);
    expect(await revisions({ actor: 'user:anonymous' })).toEqual([]);
    expect(await revisions({ from: '2026-01-02', clock: 'occurred' })).toEqual([1, 2]);
    expect(await revisions({ from: '2026-01-02', to: '2026-01-02T08:00:01Z', clock: 'occurred' })).toEqual([2]);
    expect(await revisions({ from: '2026-01-02', to: '2026-01-02T08:00:00Z', clock: 'occurred' })).toEqual([]);
    expect(await revisions({ to: '2020' })).toEqual([]);
    expect(await revisions({ stored: true })).toEqual([0, 1, 2]);
  });

  it('refuses what it cannot read', async () => {
    expect((await get('Parcel/p/history', { cursor: 'x' }).expect(400)).body).toEqual(problem('invalid-cursor'));
    expect((await get('Parcel/p/history', { from: 'x' }).expect(400)).body).toEqual(
      problem('invalid-input', at('/query/from')),
    );
    expect((await get('Parcel/nobody/history').expect(404)).body).toEqual(problem('object-not-found'));
  });
});

describe('the difference of two moments', () => {
  it('is a patch, and for each field the event that changed it', async () => {
    const from = (await get('Parcel/p', { revision: 0 })).body.state;
    const to = (await get('Parcel/p')).body.state;
    const { body } = await get('Parcel/p/diff', { from: 0 }).expect(200);
    expect(body).toMatchObject({ fromRevision: 0, toRevision: 2 });
    applyPatch(from, body.patch as Operation[]);
    expect(from).toEqual(to);
    const fields: [string, string, number][] = body.fields.map(
      ({ pointer, kind, event }: { pointer: string; kind: string; event: { revision: number } }) => [
        pointer,
        kind,
        event.revision,
      ],
    );
    expect(fields.sort()).toEqual([
      ['/data/by', 'added', 1],
      ['/data/place', 'replaced', 1],
      ['/data/van', 'added', 2],
      ['/updatedAt', 'replaced', 2],
    ]);
    const place = body.fields.find(({ pointer }: { pointer: string }) => pointer === '/data/place');
    expect(place).toMatchObject({
      before: 'depot',
      after: 'door',
      event: { type: 'Parcel.delivered', reason: 'because' },
    });
  });

  it('goes back, too, and takes times of either clock', async () => {
    const back = await get('Parcel/p/diff', { from: 2, to: 1 }).expect(200);
    expect(back.body.patch).toContainEqual({ op: 'remove', path: '/data/van' });
    const query = { from: '2026-01-01T12:00:00Z', to: '2026-01-02T12:00:00Z', clock: 'occurred' };
    const { body } = await get('Parcel/p/diff', query).expect(200);
    expect(body).toMatchObject({ fromRevision: 0, toRevision: 2 });
    expect(body.patch).toContainEqual({ op: 'add', path: '/data/van', value: 7 });
    expect(body.patch).not.toContainEqual(expect.objectContaining({ path: '/data/place' }));
    const whole = await get('Parcel/p/diff', { from: '2020-01-01' }).expect(200);
    expect(whole.body).toMatchObject({ fromRevision: -1, toRevision: 2 });
  });

  it('refuses moments that there are not', async () => {
    expect((await get('Parcel/p/diff').expect(400)).body).toEqual(problem('invalid-input', at('/query/from')));
    expect((await get('Parcel/p/diff', { from: 'x' }).expect(400)).body).toEqual(
      problem('invalid-input', at('/query/from')),
    );
    expect((await get('Parcel/p/diff', { from: 0, to: 9 }).expect(404)).body).toEqual(problem('revision-not-reached'));
    expect((await get('Parcel/nobody/diff', { from: 0 }).expect(404)).body).toEqual(problem('object-not-found'));
    expect((await get('Parcel/nobody/diff', { from: '2026-01-01' }).expect(404)).body).toEqual(
      problem('object-not-found'),
    );
  });
});

describe('the blame of an object', () => {
  const setters = async (query: object = {}) => {
    const { body } = await get('Parcel/p/blame', query).expect(200);
    return Object.fromEntries(
      body.fields.map(({ pointer, event }: { pointer: string; event?: { revision: number } }) => [
        pointer,
        event?.revision,
      ]),
    );
  };

  it('names the event that last set each field', async () => {
    expect(await setters()).toMatchObject({
      ...{ '/status': 0, '/data/weight': 0, '/data/tags/0': 0, '/data/place': 1, '/data/by/name': 1 },
      ...{ '/data/van': 2, '/updatedAt': 2 },
    });
    expect(await setters({ revision: 0 })).toMatchObject({ '/data/place': 0 });
    expect(await setters({ below: '/data/by' })).toEqual({ '/data/by/name': 1 });
    const { body } = await get('Parcel/p/blame', { below: '/data/van' }).expect(200);
    expect(body.fields).toEqual([
      {
        pointer: '/data/van',
        value: 7,
        event: expect.objectContaining({ type: 'Parcel.loaded', reason: 'the scanner was offline' }),
      },
    ]);
  });

  it('works for any type', async () => {
    await perdure.api.put('/api/v1/nouns/Crate').send({ description: 'A box' }).expect(201);
    const { body } = await get('noun/Crate/blame').expect(200);
    expect(body.fields).toContainEqual(
      expect.objectContaining({ pointer: '/description', event: expect.objectContaining({ type: 'noun.defined' }) }),
    );
  });

  it('says where there is nothing', async () => {
    await get('Parcel/nobody/blame').expect(404);
    expect((await get('Parcel/p/blame', { revision: 9 }).expect(404)).body).toEqual(problem('revision-not-reached'));
    expect((await get('Parcel/p/blame', { at: '2020' }).expect(404)).body).toEqual(problem('object-absent'));
  });
});

describe('the trace of a request', () => {
  it('leads from the first request to the last effect', async () => {
    const send = (noun: string, data: JsonObject) =>
      perdure.api.post(`${things}/${noun}`).set('correlation-id', 'order-7').send(data).expect(201);
    await send('Order', { $id: 'o7', total: 3 });
    await send('Invoice', { $id: 'i7', total: 3 });
    await perdure.api.delete(`${things}/Order/o7`).set('correlation-id', 'order-7').expect(200);
    const ask = async () => (await perdure.api.get('/api/v1/traces/order-7')).body;
    const trace = await perdure.eventually(ask, ({ steps }) => steps?.length === 3);
    expect(trace.steps).toMatchObject([
      { depth: 0, object: { type: 'Order', id: 'o7' }, events: [{ type: 'Order.created', revision: 0 }] },
      { depth: 0, object: { type: 'Invoice', id: 'i7' }, events: [{ type: 'Invoice.created' }] },
      { depth: 0, object: { type: 'Order', id: 'o7' }, events: [{ type: 'Order.deleted', revision: 1 }] },
    ]);
    const ofObject = (await get('Invoice/i7/trace').expect(200)).body;
    expect(ofObject).toEqual(trace);
  });

  it('has the own events of an object at once', async () => {
    await create('Order', { $id: 'o8' });
    const { body } = await get('Order/o8/trace').expect(200);
    expect(body.steps).toMatchObject([{ depth: 0, events: [{ type: 'Order.created' }] }]);
  });

  it('says where there is nothing', async () => {
    expect((await perdure.api.get('/api/v1/traces/unheard-of').expect(404)).body).toEqual(problem('trace-not-found'));
    await get('Order/nobody/trace').expect(404);
  });
});

describe('a dry run', () => {
  const dryRun = (path: string, body: object) => perdure.api.post(`${objects}/${path}/dry-run`).send(body);
  const update = (id: string, patch: JsonObject) => ({ command: 'UpdateThing', fields: { noun: 'Parcel', id, patch } });

  it('tells which events a command would append now, and appends none', async () => {
    const { body } = await dryRun('Parcel/p', update('p', { weight: 4 })).expect(200);
    expect(body).toMatchObject({
      ...{ type: 'Parcel', id: 'p', revision: 2, outcome: 'accepted' },
      events: [{ type: 'Parcel.updated', data: { patch: { weight: 4 } } }],
      state: { data: { weight: 4, van: 7 } },
    });
    expect(body).not.toHaveProperty('refused');
    expect((await get('Parcel/p')).body).toMatchObject({ revision: 2, state: { data: { weight: 3 } } });
    const unchanged = await dryRun('Parcel/p', update('p', { weight: 3 })).expect(200);
    expect(unchanged.body).toMatchObject({ outcome: 'accepted', events: [] });
  });

  it('leaves the idempotency key free', async () => {
    const send = (key: string, weight: number) =>
      perdure.api.patch(`${things}/Parcel/keyed`).set('idempotency-key', key).send({ weight });
    await create('Parcel', { $id: 'keyed' });
    await dryRun('Parcel/keyed', update('keyed', { weight: 1 }))
      .set('idempotency-key', 'k1')
      .expect(200);
    expect((await send('k1', 2).expect(200)).body).toMatchObject({ revision: 1 });
  });

  it('tells what it would have appended at a moment of the past', async () => {
    const past = { ...update('p', { van: 7 }), at: '2026-01-01T12:00:00Z', clock: 'occurred' };
    const { body } = await dryRun('Parcel/p', past).expect(200);
    expect(body).toMatchObject({
      revision: 0,
      events: [{ data: { patch: { van: 7 } }, occurredAt: '2026-01-01T12:00:00.000Z' }],
      state: { data: { place: 'depot', van: 7 } },
    });
    const now = await dryRun('Parcel/p', update('p', { van: 7 })).expect(200);
    expect(now.body.events).toEqual([]);
    const first = await dryRun('Parcel/p', { ...update('p', { van: 7 }), revision: 0 }).expect(200);
    expect(first.body).toMatchObject({ revision: 0, outcome: 'accepted' });
  });

  it('reads other objects as of the same moment', async () => {
    await create('Shelf', { $id: 's' });
    const { recordedAt } = (await get('Shelf/s')).body;
    const before = new Date(Date.parse(recordedAt) - 1).toISOString();
    const fields = { noun: 'Parcel', id: 'p', relationship: 'on', toNoun: 'Shelf', toId: 's' };
    const now = await dryRun('Parcel/p', { command: 'RelateThing', fields }).expect(200);
    expect(now.body).toMatchObject({ outcome: 'accepted', events: [{ type: 'Parcel.related' }] });
    const then = await dryRun('Parcel/p', { command: 'RelateThing', fields, at: before }).expect(200);
    expect(then.body).toMatchObject({ outcome: 'refused', refused: { code: 'related-thing-not-found' }, events: [] });
  });

  it('tells of a refusal', async () => {
    const fields = { noun: 'Parcel', id: 'p', data: {} };
    const { body } = await dryRun('Parcel/p', { command: 'CreateThing', fields }).expect(200);
    expect(body).toMatchObject({ outcome: 'refused', refused: { code: 'thing-exists', detail: expect.any(String) } });
    const unmet = await dryRun('Parcel/p', update('p', {})).set('if-match', '"0"').expect(200);
    expect(unmet.body).toMatchObject({ refused: { code: 'precondition-failed' } });
    const fresh = await dryRun('Parcel/fresh', { command: 'CreateThing', fields: { noun: 'Parcel', data: { a: 1 } } });
    expect(fresh.body).toMatchObject({ outcome: 'accepted', revision: -1, events: [{ type: 'Parcel.created' }] });
    await get('Parcel/fresh').expect(404);
  });

  it.each([
    [{ command: 'Levitate', fields: {} }, '/command'],
    [{ command: 'UpdateThing', fields: { noun: 'Parcel', id: 'p' } }, '/fields/patch'],
    [update('other', {}), '/fields'],
    [{ ...update('p', {}), at: '2026', revision: 1 }, '/at'],
    [{ ...update('p', {}), at: 'x' }, '/at'],
    [{ ...update('p', {}), clock: 'occurred' }, '/clock'],
  ])('refuses %j', async (body, pointer) => {
    expect((await dryRun('Parcel/p', body).expect(400)).body).toEqual(problem('invalid-input', at(pointer)));
  });

  it('needs the revision to be there', async () => {
    const answer = await dryRun('Parcel/p', { ...update('p', {}), revision: 9 }).expect(404);
    expect(answer.body).toEqual(problem('revision-not-reached'));
  });
});
