import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { serve, type Server } from '#apps/api/main';
import { ApiClient } from '#test/support/api-client';
import { engineSuite } from '#test/support/engines/engine-suite';
import { EventStoreDbServer } from '#test/support/eventstoredb-server';

const EMAIL = 'ada@analytical.example';
const SCHEMA = { properties: { email: { type: 'string', 'x-personal': true }, n: { type: 'integer' } } };
const MASTER = Buffer.alloc(32, 5).toString('base64');
const things = '/api/v1/things/Customer';

/** Two APIs over one EventStoreDB and one MongoDB. */
engineSuite('ferretdb', (engine) => {
  let folder: string;
  let events: EventStoreDbServer;
  let servers: Server[];
  let one: ApiClient;
  let other: ApiClient;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'perdure-'));
    events = await EventStoreDbServer.start({ lasting: true });
    servers = [await start({}), await start({})];
    [one, other] = servers.map(({ url }) => new ApiClient(url)) as [ApiClient, ApiClient];
  }, 60_000);
  afterAll(async () => {
    await Promise.all(servers.map((server) => server.close()));
    await events.end();
    await rm(folder, { recursive: true });
  }, 60_000);

  const start = (more: Record<string, string>): Promise<Server> =>
    serve({
      ...{ PORT: '0', PERDURE_DATA: folder, PERDURE_LOG: 'off', PERDURE_MASTER_KEY: MASTER },
      ...{ PERDURE_EVENT_STORE: events.url, PERDURE_READ_STORE: `${engine().url}erasure` },
      ...more,
    });
  const emailAt = async (api: ApiClient) => (await api.send('GET', `${things}/a`)).body['email'];

  it('read and write what each other sealed, until one of them erases it', async () => {
    expect((await one.send('PUT', '/api/v1/nouns/Customer', { schema: SCHEMA })).status).toBe(201);
    expect((await other.send('POST', things, { $id: 'a', email: EMAIL })).status).toBe(201);
    expect([await emailAt(one), await emailAt(other)]).toEqual([EMAIL, EMAIL]);
    expect((await one.send('PATCH', `${things}/a`, { n: 1 })).status).toBe(200);

    expect(await one.send('DELETE', '/api/v1/subjects/Customer-a')).toMatchObject({ status: 200 });
    expect(await emailAt(one)).toBeNull();
    for (const deadline = performance.now() + 20_000; (await emailAt(other)) !== null; await setTimeout(100)) {
      expect(performance.now()).toBeLessThan(deadline);
    }
    // Sealed anew, with a key that was not destroyed.
    expect((await other.send('PATCH', `${things}/a`, { email: 'new@analytical.example' })).status).toBe(200);
    expect([await emailAt(one), await emailAt(other)]).toEqual(Array(2).fill('new@analytical.example'));
  }, 60_000);

  it('take nothing personal where the keys would be the process’s own', async () => {
    const alone = await start({ PERDURE_READ_STORE: `sqlite:${join(folder, 'own.db')}` });
    const api = new ApiClient(alone.url);
    const refused = await api.send('PATCH', `${things}/a`, { email: 'other@analytical.example' });
    expect(refused).toMatchObject({ status: 503, body: { code: 'keys-not-shared' } });
    // What others sealed is not shown as it is stored, either.
    expect((await api.send('GET', `${things}/a`)).body).toMatchObject({ email: null, $erased: ['/email'] });
    await alone.close();
  }, 60_000);
});
