import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Response } from 'supertest';
import type { JsonObject } from '#kernel/json';
import { PerdureServer } from '#test/support/perdure-server';

let perdure: PerdureServer;
beforeAll(async () => {
  perdure = await PerdureServer.start();
});
afterAll(() => perdure.stop());

const things = '/api/v1/things';
const create = (noun: string, data: JsonObject) => perdure.api.post(`${things}/${noun}`).send(data);
const get = (noun: string, id: string) => perdure.api.get(`${things}/${noun}/${id}`);
const problem = (code: string, more: object = {}) =>
  expect.objectContaining({ code, type: `/problems/${code}`, ...more });

interface Listed {
  items: (JsonObject & { $id: string })[];
  next?: string;
}

/** The list, once it has so many things. */
async function listed(noun: string, query: Record<string, unknown>, length: number): Promise<Listed> {
  const asText = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));
  const texts = Object.fromEntries(Object.entries(query).map(([name, value]) => [name, asText(value)]));
  const ask = async () => (await perdure.api.get(`${things}/${noun}`).query(texts).expect(200)).body as Listed;
  return perdure.eventually(ask, ({ items }) => items.length === length);
}

describe('a thing', () => {
  it('is created, read, changed and read as it was', async () => {
    const created = await create('Customer', { $id: 'ada', name: 'Ada', city: 'London' }).expect(201);
    expect(created.body).toEqual({ id: 'ada', revision: 0, position: expect.any(String) });
    expect(created.headers).toMatchObject({
      location: '/api/v1/things/Customer/ada',
      etag: '"0"',
      'perdure-position': created.body.position,
    });

    await perdure.api.patch(`${things}/Customer/ada`).send({ city: null, age: 36 }).expect(200);
    const now = await get('Customer', 'ada').expect(200).expect('etag', '"1"');
    expect(now.body).toMatchObject({ $id: 'ada', $type: 'Customer', $revision: 1, name: 'Ada', age: 36 });
    expect(now.body).not.toHaveProperty('city');
    expect(now.body.$updated_at).toBeGreaterThanOrEqual(now.body.$created_at);

    const before = await get('Customer', 'ada').query({ revision: 0 }).expect(200).expect('etag', '"0"');
    expect(before.body).toMatchObject({ name: 'Ada', city: 'London' });
    const later = await get('Customer', 'ada').query({ revision: 2 }).expect(404);
    expect(later.body).toEqual(problem('revision-not-found'));
  });

  it('may be sent back as it was read', async () => {
    await create('Book', { $id: 'b', title: 'One' });
    const { body } = await get('Book', 'b');
    await perdure.api
      .put(`${things}/Book/b`)
      .send({ ...body, title: 'Two' })
      .expect(200);
    expect((await get('Book', 'b')).body).toMatchObject({ title: 'Two', $revision: 1 });
    const foreign = await perdure.api
      .put(`${things}/Book/b`)
      .send({ ...body, $id: 'c' })
      .expect(400);
    expect(foreign.body).toEqual(problem('invalid-input', { errors: [expect.objectContaining({ pointer: '/$id' })] }));
  });

  it('gets an id of its own, and may have any printable one', async () => {
    const { body, headers } = await create('Customer', { name: 'Eve' }).expect(201);
    expect(body.id).toMatch(/^[0-9a-f-]{36}$/);
    expect(headers['location']).toBe(`/api/v1/things/Customer/${body.id}`);
    const id = 'Zoë / №7 ✓';
    const odd = await create('Customer', { $id: id }).expect(201);
    await perdure.api.get(odd.headers['location']!).expect(200);
    await create('Customer', { $id: 'a\u0000b' }).expect(400);
  });

  it('is acted on by verbs, and its history says who, when and why', async () => {
    await create('Order', { $id: 'o-1', total: 10 });
    const shipped = await perdure.api
      .post(`${things}/Order/o-1/verbs/shipped`)
      .set('perdure-reason', 'paid')
      .set('perdure-occurred-at', '2026-01-01T12:00:00+01:00')
      .send({ data: { by: 'bike' }, set: { state: 'under way' } })
      .expect(200);
    const { body } = await perdure.api.get(`${things}/Order/o-1/history`).expect(200);
    expect(body.items).toMatchObject([
      { type: 'Order.created', revision: 0, data: { data: { total: 10 } } },
      {
        type: 'Order.shipped',
        revision: 1,
        position: shipped.body.position,
        data: { data: { by: 'bike' }, set: { state: 'under way' } },
        occurredAt: '2026-01-01T11:00:00.000Z',
        reason: 'paid',
        actor: { type: 'anonymous', id: 'anonymous' },
      },
    ]);
    expect((await get('Order', 'o-1')).body).toMatchObject({ total: 10, state: 'under way' });
    const reserved = await perdure.api.post(`${things}/Order/o-1/verbs/deleted`).send({}).expect(422);
    expect(reserved.body).toEqual(problem('reserved-verb'));
  });

  it('shows its history in pages, either way', async () => {
    await create('Counter', { $id: 'c' });
    for (const verb of ['a', 'b', 'c']) await perdure.api.post(`${things}/Counter/c/verbs/${verb}`).send({});
    const walk = async (order: string) => {
      const seen: number[] = [];
      let path: string | undefined = `${things}/Counter/c/history?limit=3&order=${order}`;
      while (path) {
        const { body, headers }: Response = await perdure.api.get(path).expect(200);
        seen.push(...body.items.map(({ revision }: { revision: number }) => revision));
        path = /<(.+)>; rel="next"/.exec(headers['link'] ?? '')?.[1];
      }
      return seen;
    };
    expect(await walk('asc')).toEqual([0, 1, 2, 3]);
    expect(await walk('desc')).toEqual([3, 2, 1, 0]);
    await perdure.api.get(`${things}/Counter/nobody/history`).expect(404);
    await perdure.api.get(`${things}/Counter/c/history?cursor=x`).expect(400);
  });

  it('is hidden by a soft delete, restored, and deleted for good', async () => {
    await create('Note', { $id: 'n' });
    await perdure.api.post(`${things}/Note/n/soft-delete`).expect(200);
    await listed('Note', { deleted: 'only' }, 1);
    await listed('Note', {}, 0);
    expect((await get('Note', 'n').expect(200)).body).toHaveProperty('$deleted_at');
    expect((await perdure.api.patch(`${things}/Note/n`).send({ a: 1 }).expect(409)).body).toEqual(
      problem('thing-soft-deleted'),
    );
    await perdure.api.post(`${things}/Note/n/restore`).expect(200);
    await listed('Note', {}, 1);
    await perdure.api.delete(`${things}/Note/n`).expect(200);
    await get('Note', 'n').expect(404);
    await listed('Note', { deleted: 'with' }, 0);
    const { body } = await perdure.api.get(`${things}/Note/n/history`).expect(200);
    expect(body.items.at(-1)).toMatchObject({ type: 'Note.deleted' });
    await create('Note', { $id: 'n' }).expect(201);
  });
});

describe('conditions and repetitions', () => {
  it('hold a change to a revision', async () => {
    await create('Page', { $id: 'p' });
    const patch = (tag: string) => perdure.api.patch(`${things}/Page/p`).set('if-match', tag);
    expect((await patch('"7"').send({ a: 1 }).expect(412)).body).toEqual(problem('precondition-failed'));
    await patch('"0"').send({ a: 1 }).expect(200).expect('etag', '"1"');
    await perdure.api.get(`${things}/Page/p`).set('if-none-match', '"1"').expect(304);
    await perdure.api.post(`${things}/Page`).set('if-none-match', '*').send({ $id: 'p' }).expect(412);
  });

  it('carry a repeated request out once', async () => {
    const send = (data: JsonObject) => perdure.api.post(`${things}/Payment`).set('idempotency-key', 'pay-1').send(data);
    const first = await send({ amount: 5 }).expect(201);
    const again = await send({ amount: 5 }).expect(201);
    expect(again.body).toEqual({ ...first.body, replayed: true });
    expect(again.headers['location']).toBe(first.headers['location']);
    expect((await send({ amount: 6 }).expect(422)).body).toEqual(problem('idempotency-key-reused'));
  });

  it('answer a repeated creation as the first time, also of what was there before', async () => {
    await create('Payment', { $id: 'again' });
    await perdure.api.delete(`${things}/Payment/again`);
    const send = () => perdure.api.post(`${things}/Payment`).set('idempotency-key', 'pay-2').send({ $id: 'again' });
    const first = await send().expect(201);
    expect((await send().expect(201)).body).toEqual({ ...first.body, replayed: true });
  });

  it('let two at once both count', async () => {
    await create('Tally', { $id: 't' });
    const act = (n: number) => perdure.api.post(`${things}/Tally/t/verbs/counted`).send({ data: { n } });
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => act(n)));
    expect(answers.map(({ body }) => body.revision as number).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 20 }, (_, n) => n + 1),
    );
  });

  it('let only one of two create the same thing', async () => {
    const answers = await Promise.all([create('Tally', { $id: 'x' }), create('Tally', { $id: 'x' })]);
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409]);
  });
});

describe('lists', () => {
  const noun = 'Fruit';
  beforeAll(async () => {
    const fruit: JsonObject[] = [
      { $id: 'apple', kind: 'pome', kcal: 52, tags: ['red', 'green'] },
      { $id: 'pear', kind: 'pome', kcal: 57 },
      { $id: 'plum', kind: 'stone', kcal: 46, from: { country: 'FR' } },
      { $id: 'cherry', kind: 'stone', kcal: 63, tags: ['red'] },
    ];
    await Promise.all(fruit.map((one) => create(noun, one).expect(201)));
    await listed(noun, {}, 4);
  });
  const ids = async (query: Record<string, unknown>, length: number) =>
    (await listed(noun, query, length)).items.map(({ $id }) => $id);

  it('filter by where', async () => {
    expect(await ids({ where: { kind: 'stone', kcal: { $gt: 50 } } }, 1)).toEqual(['cherry']);
    expect(await ids({ where: { tags: 'red' }, sort: 'kcal' }, 2)).toEqual(['apple', 'cherry']);
    expect(await ids({ where: { 'from.country': 'FR' } }, 1)).toEqual(['plum']);
    expect(await ids({ where: { $or: [{ $id: 'pear' }, { kcal: { $lt: 50 } }] }, sort: '-kcal' }, 2)).toEqual([
      'pear',
      'plum',
    ]);
    expect(await ids({ where: { $created_at: { $gt: 0 }, $type: noun } }, 4)).toHaveLength(4);
    expect(await ids({ where: { $id: { $regex: '^p' } }, sort: '$id' }, 2)).toEqual(['pear', 'plum']);
  });

  it('refuse a where that is not allowed, in plain words', async () => {
    const refused = async (where: unknown) =>
      (
        await perdure.api
          .get(`${things}/${noun}`)
          .query({ where: JSON.stringify(where) })
          .expect(400)
      ).body;
    expect(await refused({ age: { $invalid: 18 } })).toEqual(
      problem('invalid-where-clause', { detail: 'Unknown operator: $invalid' }),
    );
    expect(await refused({ $where: 'sleep(1000)' })).toEqual(
      problem('invalid-where-clause', { detail: 'Unknown operator: $where' }),
    );
    expect(await refused(['a'])).toMatchObject({ code: 'invalid-input' });
  });

  it('order, page and show chosen fields', async () => {
    const first = await listed(noun, { sort: '-kcal', limit: 3, fields: 'kind' }, 3);
    expect(first.items.map(({ $id }) => $id)).toEqual(['cherry', 'pear', 'apple']);
    expect(Object.keys(first.items[0]!).sort()).toEqual(
      ['$created_at', '$id', '$revision', '$type', '$updated_at', 'kind'].sort(),
    );
    const second = await listed(noun, { sort: '-kcal', limit: 3, fields: 'kind', cursor: first.next }, 1);
    expect(second).toMatchObject({ items: [{ $id: 'plum' }] });
    expect(second.next).toBeUndefined();
    const other = await perdure.api.get(`${things}/${noun}`).query({ sort: 'kcal', cursor: first.next }).expect(400);
    expect(other.body).toEqual(problem('invalid-cursor'));
    await perdure.api.get(`${things}/${noun}?sort=a,,b`).expect(400);
    await perdure.api.get(`${things}/${noun}?limit=0`).expect(400);
    await perdure.api.get(`${things}/${noun}?unknown=1`).expect(400);
  });

  it('count and find the first', async () => {
    const where = JSON.stringify({ kind: 'pome' });
    expect((await perdure.api.get(`/api/v1/nouns/${noun}/count`).query({ where }).expect(200)).body).toEqual({
      count: 2,
    });
    const first = await perdure.api.get(`/api/v1/nouns/${noun}/first`).query({ where, sort: '-kcal' }).expect(200);
    expect(first.body).toMatchObject({ $id: 'pear' });
    await perdure.api.get(`/api/v1/nouns/${noun}/first`).query({ where: '{"kind":"none"}' }).expect(404);
  });
});

describe('relationships', () => {
  it('are listed from both ends', async () => {
    await create('Person', { $id: 'ada', name: 'Ada' });
    await create('Car', { $id: 'c-1', brand: 'Mini' });
    const relation = `${things}/Person/ada/relationships/drives/Car/c-1`;
    await perdure.api
      .put(relation)
      .send({ data: { since: 1950 } })
      .expect(200);
    await perdure.api
      .put(relation)
      .send({ data: { since: 1950 } })
      .expect(200)
      .expect('etag', '"1"');
    const related = async (path: string) => (await perdure.api.get(`${things}/${path}/relationships`).expect(200)).body;
    const both = await perdure.eventually(
      () => Promise.all([related('Person/ada'), perdure.api.get(`${things}/Car/c-1/relationships?direction=in`)]),
      ([out]) => out.items.length === 1,
    );
    expect(both[0].items).toEqual([
      {
        relationship: 'drives',
        direction: 'out',
        since: expect.any(String),
        data: { since: 1950 },
        thing: expect.objectContaining({ $id: 'c-1', brand: 'Mini' }),
      },
    ]);
    expect(both[1].body.items).toMatchObject([{ relationship: 'drives', direction: 'in', thing: { $id: 'ada' } }]);

    await perdure.api.delete(relation).expect(200);
    await perdure.eventually(
      () => related('Person/ada'),
      ({ items }) => items.length === 0,
    );
  });

  it('need both ends', async () => {
    await create('Person', { $id: 'bob' });
    const path = `${things}/Person/bob/relationships/drives/Car/none`;
    expect((await perdure.api.put(path).expect(422)).body).toEqual(problem('related-thing-not-found'));
    await perdure.api.put(`${things}/Person/nobody/relationships/drives/Car/c-1`).expect(404);
  });
});

describe('nouns', () => {
  it('may have a schema, and data that breaks it is refused with pointers', async () => {
    const schema = { required: ['title'], properties: { title: { type: 'string' }, year: { type: 'integer' } } };
    await perdure.api.put('/api/v1/nouns/Film').send({ schema, description: 'Moving pictures' }).expect(201);
    const refused = await create('Film', { year: 'long ago' }).expect(422);
    expect(refused.body).toEqual(
      problem('invalid-thing', {
        errors: expect.arrayContaining([
          { pointer: '', detail: "must have required property 'title'" },
          { pointer: '/year', detail: 'must be integer' },
        ]),
      }),
    );
    await create('Film', { title: 'Metropolis', year: 1927 }).expect(201);
    const known = async () => (await perdure.api.get('/api/v1/nouns/Film')).body;
    expect(await perdure.eventually(known, (body) => 'schema' in body)).toMatchObject({
      noun: 'Film',
      schema,
      description: 'Moving pictures',
    });
    await perdure.api.delete('/api/v1/nouns/Film').expect(200);
    await create('Film', { year: 'long ago' }).expect(201);
    expect(
      (
        await perdure.api
          .put('/api/v1/nouns/Film')
          .send({ schema: { type: 'strnig' } })
          .expect(422)
      ).body,
    ).toEqual(problem('invalid-schema', { errors: [expect.objectContaining({ pointer: '/schema' })] }));
  });

  it('are listed', async () => {
    const { body } = await perdure.api.get('/api/v1/nouns?limit=1000').expect(200);
    expect(body.items).toEqual(expect.arrayContaining([expect.objectContaining({ noun: 'Customer' })]));
    await perdure.api.get('/api/v1/nouns/Nothing').expect(404);
  });

  it('cannot be a type of Perdure’s own', async () => {
    for (const noun of ['noun', 'task', 'user']) {
      const { body } = await create(noun, {}).expect(422);
      expect(['reserved-noun', 'reserved-type']).toContain(body.code);
    }
    await create('no-noun', {}).expect(400);
  });
});
