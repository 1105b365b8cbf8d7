import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PerdureServer } from '#test/support/perdure-server';

let perdure: PerdureServer;
beforeAll(async () => {
  perdure = await PerdureServer.start();
});
afterAll(() => perdure.stop());

const collection = '/data/collections/products';

describe('a collection', () => {
  it('stores, gets, updates, queries and deletes items', async () => {
    const { body } = await perdure.api.post(collection).send({ name: 'Lamp', price: 30 }).expect(201);
    const item = `${collection}/${body.id}`;
    expect((await perdure.api.get(item).expect(200)).body).toMatchObject({
      $id: body.id,
      $type: 'products',
      name: 'Lamp',
    });
    await perdure.api.put(item).send({ name: 'Lamp', price: 25 }).expect(200);
    const where = JSON.stringify({ price: { $lt: 28 } });
    const query = async () => (await perdure.api.get(collection).query({ where }).expect(200)).body.items;
    expect(await perdure.eventually(query, ({ length }) => length === 1)).toMatchObject([{ name: 'Lamp', price: 25 }]);
    await perdure.api.delete(item).expect(200);
    await perdure.api.get(item).expect(404);
    await perdure.api.put(item).send({}).expect(404);
    await perdure.eventually(query, ({ length }) => length === 0);
  });

  it('is listed with the number of its items', async () => {
    await perdure.api.post(collection).send({ $id: 'desk' }).expect(201);
    const collections = async () => (await perdure.api.get('/data/collections').expect(200)).body.items;
    await perdure.eventually(collections, (items) => JSON.stringify(items) === '[{"name":"products","items":1}]');
  });

  it('has the same things as its noun', async () => {
    expect((await perdure.api.get('/api/v1/things/products/desk').expect(200)).body).toMatchObject({ $id: 'desk' });
  });
});

describe('a batch', () => {
  const send = (...commands: object[]) => perdure.api.post('/api/v1/batches').send({ commands });
  const act = (id: string, verb: string, more: object = {}) => ({
    command: 'ActOnThing',
    fields: { noun: 'Permit', id, verb, create: true },
    ...more,
  });

  it('carries out commands to one thing in order, each by itself', async () => {
    const commands = Array.from({ length: 100 }, (_, n) => act(`p-${n % 3}`, `step ${n}`));
    const { body } = await send(...commands).expect(200);
    expect(
      body.results.map(({ status }: { status: number }) => status).filter((status: number) => status === 201),
    ).toHaveLength(3);
    const history = await perdure.api.get('/api/v1/things/Permit/p-0/history?limit=1000').expect(200);
    expect(history.body.items.map(({ type }: { type: string }) => type)).toEqual(
      Array.from({ length: 34 }, (_, n) => `Permit.step ${n * 3}`),
    );
  });

  it('reports what is refused in its place and carries out the rest', async () => {
    const { body } = await send(
      act('q', 'begun'),
      { command: 'Nonsense', fields: {} },
      act('q', 'deleted'),
      { command: 'ActOnThing', fields: { noun: 'Permit' } },
      act('q', 'ended', { occurredAt: '2020-01-01T00:00:00Z', reason: 'done' }),
    ).expect(200);
    expect(body.results).toMatchObject([
      { status: 201, id: 'q', revision: 0 },
      { status: 400, problem: { code: 'invalid-input', errors: [{ pointer: '/commands/1/command' }] } },
      { status: 422, problem: { code: 'reserved-verb' } },
      {
        status: 400,
        problem: { errors: [{ pointer: '/commands/3/fields/verb' }, { pointer: '/commands/3/fields/id' }] },
      },
      { status: 200, id: 'q', revision: 1 },
    ]);
    const history = await perdure.api.get('/api/v1/things/Permit/q/history').expect(200);
    expect(history.body.items[1]).toMatchObject({ occurredAt: '2020-01-01T00:00:00.000Z', reason: 'done' });
  });

  it('does nothing twice', async () => {
    const command = act('r', 'begun', { idempotencyKey: 'row-1' });
    await send(command).expect(200);
    const { body } = await send(command, command).expect(200);
    expect(body.results).toMatchObject([
      { status: 201, revision: 0, replayed: true },
      { status: 201, revision: 0, replayed: true },
    ]);
  });

  it('is not carried out twice under a key of its own', async () => {
    const keyed = () =>
      send(act('t', 'begun'), act('t', 'ended')).set('idempotency-key', 'batch-1').set('perdure-reason', 'trial');
    const first = await keyed().expect(200);
    const again = await keyed().expect(200);
    expect(again.body.results).toEqual(first.body.results.map((result: object) => ({ ...result, replayed: true })));
    const history = await perdure.api.get('/api/v1/things/Permit/t/history').expect(200);
    expect(history.body.items).toMatchObject([{ reason: 'trial' }, { reason: 'trial' }]);
  });

  it('has a limit, and a form', async () => {
    expect((await send(...Array.from({ length: 1001 }, () => act('s', 'x'))).expect(400)).body).toMatchObject({
      code: 'invalid-input',
      errors: [{ pointer: '/commands' }],
    });
    await send().expect(400);
    await perdure.api
      .post('/api/v1/batches')
      .send({ commands: [{}] })
      .expect(400);
  });
});
