import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serve, type Server } from '#apps/api/main';
import { ApiClient } from '#test/support/api-client';
import { TcpProxy } from '#test/support/engines/tcp-proxy';
import { EventStoreDbServer } from '#test/support/eventstoredb-server';
import { ThingsClient } from '#test/support/things-client';

describe('two APIs over one event store, each with read models of its own', () => {
  let folder: string;
  let events: EventStoreDbServer;
  let network: TcpProxy;
  let servers: Server[];
  let apis: ApiClient[];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'perdure-'));
    events = await EventStoreDbServer.start({ lasting: true });
    network = await TcpProxy.to(events.url);
    servers = await Promise.all([events.url, network.url].map((url, n) => start(url, join(folder, String(n)))));
    apis = servers.map(({ url }) => new ApiClient(url));
  }, 60_000);
  afterAll(async () => {
    await network.restore();
    await Promise.all(servers.map((server) => server.close()));
    await network.close();
    await events.end();
    await rm(folder, { recursive: true });
  }, 60_000);

  const start = (url: string, data: string): Promise<Server> =>
    serve({ PORT: '0', PERDURE_DATA: data, PERDURE_EVENT_STORE: url, PERDURE_LOG: 'off' });
  const things = '/api/v1/things/Account';

  it('each show at once what the other has done', async () => {
    expect((await apis[0]!.send('POST', things, { $id: 'a', n: 0 })).status).toBe(201);
    for (let n = 1; n <= 6; n++) {
      const [one, other] = n % 2 ? apis : [...apis].reverse();
      expect((await one!.send('PATCH', `${things}/a`, { n })).status).toBe(200);
      expect((await other!.send('GET', `${things}/a`)).body).toMatchObject({ n });
    }
    expect((await apis[1]!.send('POST', things, { $id: 'a' })).status).toBe(409);
  });

  it('let one of two win who change the same revision, and tell the other', async () => {
    await apis[0]!.send('POST', things, { $id: 'b', n: 0 });
    await apis[1]!.send('GET', `${things}/b`);
    const changes = apis.map((api, n) => api.send('PATCH', `${things}/b`, { n: n + 1 }, { 'if-match': '"0"' }));
    expect((await Promise.all(changes)).map(({ status }) => status).sort()).toEqual([200, 412]);
  });

  it('lose no change where both change one object all the time', async () => {
    await apis[0]!.send('POST', things, { $id: 'c' });
    const fields = Array.from({ length: 30 }, (_, n) => `field${n}`);
    const changes = fields.map((field, n) => apis[n % 2]!.send('PATCH', `${things}/c`, { [field]: n }));
    expect(new Set((await Promise.all(changes)).map(({ status }) => status))).toEqual(new Set([200]));
    for (const api of apis) {
      const { body } = await api.send('GET', `${things}/c`);
      expect(fields.filter((field) => !(field in body))).toEqual([]);
    }
    for (const api of apis) {
      const listed = await new ThingsClient(api.url).settled('Account', 7 + 2 + 31);
      expect(listed).toHaveLength(3);
    }
  }, 60_000);

  it.each(['hangs', 'is cut off'])(
    'say which engine is away when it %s, and recover by themselves',
    async (how) => {
      if (how === 'hangs') network.hang();
      else await network.cut();
      const away = await apis[1]!.readyWhen(({ status }) => status === 'not-ready');
      expect(away.parts.filter(({ ready }) => !ready).map(({ name }) => name)).toEqual(['event store']);
      expect((await apis[1]!.send('GET', '/health')).status).toBe(200);
      expect((await apis[1]!.send('GET', '/metrics')).status).toBe(200);
      expect((await apis[0]!.ready()).status).toBe('ready');
      await network.restore();
      await apis[1]!.readyWhen(({ status }) => status === 'ready');
      const id = how === 'hangs' ? 'd' : 'e';
      expect((await apis[0]!.send('POST', things, { $id: id })).status).toBe(201);
      expect((await apis[1]!.send('GET', `${things}/${id}`)).status).toBe(200);
      await apis[1]!.readyWhen(({ projections }) => projections.every(({ state }) => state === 'live'));
    },
    90_000,
  );
});
