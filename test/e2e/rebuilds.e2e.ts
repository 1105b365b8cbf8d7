import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PerdureServer } from '#test/support/perdure-server';

interface Operation {
  id: string;
  state: string;
  done: number;
  total?: number;
  result?: Record<string, unknown>;
}

const operations = '/api/v1/operations';
const projections = '/api/v1/projections';
const copies = '/api/v1/read-models/things/as-of';

describe('read models that are built anew, and as they were', () => {
  let perdure: PerdureServer;
  const positions: string[] = [];
  beforeAll(async () => {
    perdure = await PerdureServer.start();
    for (let i = 0; i < 30; i++) {
      const { headers } = await perdure.api.post('/api/v1/things/Order').send({ $id: `o${i}`, n: i });
      positions.push(headers['perdure-position'] as string);
    }
  });
  afterAll(() => perdure.stop());

  const ended = (id: string) =>
    perdure.eventually(
      async () => (await perdure.api.get(`${operations}/${id}`)).body as Operation,
      ({ state }) => ['done', 'failed', 'cancelled'].includes(state),
    );
  const listed = async () => (await perdure.api.get('/api/v1/things/Order')).body as { items: unknown[] };

  it('a rebuild answers with where to look, ends, and changes nothing', async () => {
    const before = await perdure.eventually(listed, ({ items }) => items.length === 30);
    const started = await perdure.api.post(`${projections}/things/rebuilds`).expect(202);
    const { id } = started.body as Operation;
    expect(started.headers['location']).toBe(`${operations}/${id}`);
    expect(started.body).toMatchObject({ kind: 'rebuild', request: { projections: ['things'], because: 'request' } });
    expect(await ended(id)).toMatchObject({
      state: 'done',
      result: { projections: [{ name: 'things', version: expect.any(Number) }] },
    });
    expect(await listed()).toEqual(before);
    await perdure.api.post('/api/v1/things/Order').send({ $id: 'later' }).expect(201);
    await perdure.eventually(listed, ({ items }) => items.length === before.items.length + 1);
  });

  it('several are built together, and the progress can be followed to its end', async () => {
    const names = ['things', 'nouns'];
    const { body } = await perdure.api.post(`${projections}/rebuilds`).send({ projections: names }).expect(202);
    const { id } = body as Operation;
    const response = await fetch(`${perdure.url}${operations}/${id}/progress`);
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    const text = await response.text();
    const last = text.trim().split('\n\n').at(-1)!;
    expect(last).toMatch(/^event: end\n/);
    expect(JSON.parse(last.split('data: ')[1]!)).toMatchObject({ id, state: 'done' });
    const page = await perdure.api.get(`${operations}?limit=1`).expect(200);
    expect(page.body).toMatchObject({ items: [{ id }], next: expect.any(String) });
    await perdure.api.post(`${operations}/${id}/cancel`).expect(409);
    await perdure.api.post(`${operations}/${id}/resume`).expect(409);
  });

  it('projections are listed, pause and go on', async () => {
    const { body } = await perdure.api.get(projections).expect(200);
    expect((body as { items: object[] }).items).toContainEqual(
      expect.objectContaining({ name: 'things', readModel: 'things', state: 'live', paused: false, lagEvents: 0 }),
    );
    await perdure.api.post(`${projections}/things/pause`).expect(200);
    const state = async () =>
      (await perdure.api.get(`${projections}/things`)).body as { state: string; lagEvents: number };
    await perdure.eventually(state, ({ state }) => state === 'paused');
    const { items } = await listed();
    await perdure.api.post('/api/v1/things/Order').send({ $id: 'meanwhile' }).expect(201);
    expect(await state()).toMatchObject({ state: 'paused', paused: true, lagEvents: 1 });
    expect((await listed()).items).toHaveLength(items.length);
    await perdure.api.post(`${projections}/things/resume`).expect(200);
    await perdure.eventually(state, ({ state, lagEvents }) => state === 'live' && lagEvents === 0);
    expect((await listed()).items).toHaveLength(items.length + 1);
  });

  it('a read model is queried as it was', async () => {
    const ask = { position: positions[4], expiresInSeconds: 60 };
    const { body } = await perdure.api.post(copies).send(ask).expect(202);
    const { id } = body as Operation;
    const { result } = await ended(id);
    expect(result).toMatchObject({ readModel: 'things', documents: 5, position: positions[4], parkedKeys: 0 });
    const query = `${result!['query'] as string}?sort=-thingId&limit=2&where={"thingId":{"$lt":"o4"}}&fields=thingId`;
    const first = await perdure.api.get(query).expect(200);
    expect((first.body as { items: unknown[] }).items).toEqual([
      { id: 'main.Order-o3', document: { thingId: 'o3' } },
      { id: 'main.Order-o2', document: { thingId: 'o2' } },
    ]);
    await perdure.api.get(`${query}&cursor=${(first.body as { next: string }).next}`).expect(200);
    await perdure.api.get(`/api/v1/read-models/nouns/as-of/${id}`).expect(404);
  });

  it('also at a time, before which there was nothing', async () => {
    const { body } = await perdure.api.post(copies).send({ at: '2020-01-01T00:00:00Z', clock: 'occurred' }).expect(202);
    expect((await ended((body as Operation).id)).result).toMatchObject({ documents: 0 });
  });

  it.each<[string, string, object, number, string]>([
    ['an unknown projection', `${projections}/nothing/rebuilds`, {}, 404, 'projection-not-found'],
    [
      'an unknown one among several',
      `${projections}/rebuilds`,
      { projections: ['things', 'x'] },
      404,
      'projection-not-found',
    ],
    ['an unknown read model', '/api/v1/read-models/x/as-of', { position: '1' }, 404, 'read-model-not-found'],
    ['a position after the end of the log', copies, { position: '999999' }, 400, 'invalid-input'],
    ['no moment', copies, {}, 400, 'invalid-input'],
    ['two moments', copies, { position: '1', at: '2020-01-01T00:00:00Z' }, 400, 'invalid-input'],
    ['an unknown operation', `${operations}/x/cancel`, {}, 404, 'operation-not-found'],
  ])('%s is refused', async (_, path, body, status, code) => {
    const answer = await perdure.api.post(path).send(body).expect(status);
    expect(answer.body).toMatchObject({ code });
  });

  it('the reference says that the work goes on after the answer', async () => {
    const { body } = await perdure.api.get('/openapi.json').expect(200);
    const { paths } = body as {
      paths: Record<string, Record<string, { responses: Record<string, unknown>; parameters: object[] }>>;
    };
    const { responses, parameters } = paths['/api/v1/projections/{name}/rebuilds']!['post']!;
    expect(responses).toMatchObject({ 202: { headers: { Location: expect.anything() } }, 409: expect.anything() });
    expect(responses).not.toHaveProperty('200');
    expect(parameters).toContainEqual(expect.objectContaining({ name: 'name', in: 'path' }));
    expect(JSON.stringify(parameters)).not.toContain('IdempotencyKey');
  });

  it('an operation or a copy that is not there is not found', async () => {
    for (const path of [`${operations}/x`, `${operations}/x/progress`, `${copies}/x`]) {
      await perdure.api
        .get(path)
        .expect(404)
        .expect('content-type', /problem\+json/);
    }
  });
});
