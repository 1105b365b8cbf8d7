import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Response } from 'supertest';
import { freePort, PerdureProcess } from '#test/support/perdure-process';
import { PerdureServer } from '#test/support/perdure-server';
import { ThingsClient } from '#test/support/things-client';

const schedules = '/api/v1/schedules';
const jobs = '/api/v1/jobs';
const remind = (id: string) => ({
  command: 'ActOnThing',
  fields: { noun: 'Reminder', id, verb: 'sent', create: true },
});

interface Listed {
  items: { id: string; state: string; key: string }[];
  next?: string;
}

describe('a schedule', () => {
  let perdure: PerdureServer;
  beforeAll(async () => {
    perdure = await PerdureServer.start();
  });
  afterAll(() => perdure.stop());

  const request = (body: object) => perdure.api.post(schedules).send(body);
  const get = async (path: string) => (await perdure.api.get(path)).body as Record<string, unknown>;
  const settled = (id: string, state: string) =>
    perdure.eventually(
      () => get(`${schedules}/${id}`),
      (schedule) => schedule['state'] === state,
    );
  const history = async (id: string) =>
    ((await get(`/api/v1/things/Reminder/${id}/history`))['items'] ?? []) as { type: string }[];

  it('is carried out at its time, once, and says what came of it', async () => {
    const created = await request({ id: 'soon', command: remind('soon'), time: { after: 50 } }).expect(201);
    expect(created.headers).toMatchObject({ location: `${schedules}/soon`, etag: '"0"' });
    const { last, ...completed } = await settled('soon', 'completed');
    expect(completed).toMatchObject({ id: 'soon', command: remind('soon'), outcomes: 1 });
    expect(last).toMatchObject({ answer: { id: 'soon', revision: 0 } });
    expect(await history('soon')).toMatchObject([
      { type: 'Reminder.sent', actor: { type: 'anonymous' }, correlationId: expect.any(String) },
    ]);
    await perdure.api.delete(`${schedules}/soon`).expect(409);
    await request({ id: 'soon', command: remind('soon'), time: { after: 50 } }).expect(409);
  });

  it('is asked for once by a request that comes twice', async () => {
    const ask = () =>
      request({ command: remind('twice'), time: { after: 0 } })
        .set('idempotency-key', 'twice')
        .set('perdure-reason', 'forgetful');
    const first = await ask().expect(201);
    const again = await ask();
    expect(again.body).toEqual({ ...first.body, replayed: true });
    await settled(first.body.id, 'completed');
    expect(await history('twice')).toMatchObject([{ type: 'Reminder.sent', reason: 'forgetful' }]);
  });

  it('may be asked for in a batch', async () => {
    const fields = { id: 'batched', command: remind('batched'), time: { after: 0 } };
    await perdure.api.post('/api/v1/batches').send({ commands: [{ command: 'RequestSchedule', fields }] });
    await settled('batched', 'completed');
    const forged = { command: 'RecordOutcome', fields: { id: 'batched', dueAt: '2026-01-01T00:00:00Z' } };
    const { body } = await perdure.api.post('/api/v1/batches').send({ commands: [forged] });
    expect(body.results).toMatchObject([{ status: 403, problem: { code: 'outcome-not-yours' } }]);
  });

  it.each<[string, object]>([
    ['/command/command', { command: { command: 'Nonsense', fields: {} }, time: { after: 0 } }],
    [
      '/command/fields/verb',
      { command: { command: 'ActOnThing', fields: { noun: 'A', id: 'a' } }, time: { after: 0 } },
    ],
    ['/time', { command: remind('x'), time: {} }],
    ['/time/cron', { command: remind('x'), time: { cron: 'now and then' } }],
    ['/time/at', { command: remind('x'), time: { at: 'tomorrow' } }],
  ])('is refused with a pointer to %s', async (pointer, body) => {
    const { body: problem } = await request(body).expect(400);
    expect(problem).toMatchObject({ code: 'invalid-input', errors: [{ pointer }] });
  });

  it('is cancelled, and its job with it', async () => {
    await request({ id: 'never / ever', command: remind('never'), time: { after: 60_000 } }).expect(201);
    const key = encodeURIComponent('schedule:main:never / ever');
    await perdure.eventually(
      () => get(`${jobs}/${key}`),
      ({ state }) => state === 'scheduled',
    );
    await perdure.api.delete(`${schedules}/${encodeURIComponent('never / ever')}`).expect(200);
    await perdure.eventually(
      () => get(`${jobs}/${key}`),
      ({ state }) => state === 'cancelled',
    );
    await perdure.api.delete(`${schedules}/nobody`).expect(404);
    await perdure.api.get(`${schedules}/nobody`).expect(404);
  });

  it('recurs until it is cancelled, each time with one effect', async () => {
    await request({ id: 'often', command: remind('often'), time: { every: 40 } }).expect(201);
    await perdure.eventually(
      () => get(`${schedules}/often`),
      ({ outcomes }) => Number(outcomes) >= 4,
    );
    await perdure.api.delete(`${schedules}/often`).expect(200);
    const runs = async () => {
      const { items } = (await get(`${jobs}?queue=schedules&limit=1000`)) as unknown as Listed;
      return items.filter(({ key }) => key.startsWith('schedule:main:often'));
    };
    const ended = await perdure.eventually(runs, (all) =>
      all.every(({ state }) => state === 'finished' || state === 'cancelled'),
    );
    const sent = await history('often');
    expect(sent.length).toBeGreaterThanOrEqual(4);
    expect(sent.length).toBeLessThan(ended.length);
    expect(new Set(sent.map(({ type }) => type))).toEqual(new Set(['Reminder.sent']));
  });

  it('that fails is a dead job with its error, which is retried by hand', async () => {
    await perdure.api.post('/api/v1/things/Room').send({ $id: 'taken' }).expect(201);
    const command = { command: 'CreateThing', fields: { noun: 'Room', id: 'taken', data: {} } };
    await request({ id: 'book', command, time: { after: 0 } }).expect(201);
    expect(await settled('book', 'failed')).toMatchObject({ last: { problem: { code: 'thing-exists' } } });
    const dead = (await perdure.eventually(
      () => get(`${jobs}?state=dead&handler=schedules.carry-out`),
      ({ items }) => (items as unknown[]).length > 0,
    )) as unknown as Listed;
    expect(dead.items).toMatchObject([
      { key: 'schedule:main:book', state: 'dead', attempt: 1, error: { message: expect.stringContaining('taken') } },
    ]);
    await perdure.api.delete('/api/v1/things/Room/taken').expect(200);
    await perdure.api.post(`${jobs}/schedule:main:book/retry`).expect(200);
    await settled('book', 'completed');
    const again = await perdure.eventually(
      () => perdure.api.post(`${jobs}/schedule:main:book/retry`).then(({ body }) => body as { detail: string }),
      ({ detail }) => detail.includes('finished'),
    );
    expect(again).toMatchObject({ status: 409, code: 'job-not-ended' });
  });

  it('is listed by its state, in pages', async () => {
    for (const id of ['p1', 'p2', 'p3']) await request({ id, command: remind(id), time: { after: 60_000 } });
    const ids: string[] = [];
    await perdure.eventually(
      () => get(`${schedules}?state=open`),
      ({ items }) => (items as unknown[]).length === 3,
    );
    for (let path: string | undefined = `${schedules}?state=open&limit=2`; path;) {
      const { body, headers }: Response = await perdure.api.get(path).expect(200);
      ids.push(...(body as Listed).items.map(({ id }) => id));
      path = /<(.+)>; rel="next"/.exec(headers['link'] ?? '')?.[1];
    }
    expect(ids).toEqual(['p1', 'p2', 'p3']);
    await perdure.api.get(`${schedules}?state=lost`).expect(400);
  });

  it('shows its jobs in pages, and what is not there', async () => {
    const { headers } = await perdure.api.get(`${jobs}?queue=schedules&limit=1`).expect(200);
    expect(headers['link']).toMatch(/rel="next"/);
    expect((await perdure.api.get(`${jobs}/nobody`).expect(404)).body).toMatchObject({ code: 'job-not-found' });
    await perdure.api.delete(`${jobs}/nobody`).expect(404);
    await perdure.api.post(`${jobs}/nobody/retry`).expect(404);
    await perdure.api.get(`${jobs}?cursor=x`).expect(400);
  });
});

describe('a schedule of a server that was killed', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'perdure-'));
    // The first call builds where that is needed, and says so.
    await new PerdureProcess(['--help']).ended;
  }, 60_000);
  afterEach(() => PerdureProcess.killAll());
  afterAll(() => rm(folder, { recursive: true }));

  it.each([
    ['with all its stores', {}],
    ['and lost its jobs', { PERDURE_JOBS: 'sqlite::memory:' }],
  ])(
    'is carried out by the next one, %s',
    async (name, more) => {
      const env = { PORT: await freePort(), PERDURE_DATA: join(folder, name), ...more };
      const url = `http://127.0.0.1:${env.PORT}`;
      const server = new PerdureProcess(['start'], env);
      await server.up();
      const at = new Date(Date.now() + 1_000).toISOString();
      const body = JSON.stringify({ command: remind('late'), time: { at } });
      const headers = { 'content-type': 'application/json' };
      expect((await fetch(url + schedules, { method: 'POST', headers, body })).status).toBe(201);
      await server.kill();
      const next = new PerdureProcess(['start'], env);
      await next.up();
      const things = new ThingsClient(url);
      await things.settled('Reminder', 1);
      expect((await things.history('Reminder', 'late')).map(({ type }) => type)).toEqual(['Reminder.sent']);
      await next.kill('SIGTERM');
    },
    60_000,
  );
});
