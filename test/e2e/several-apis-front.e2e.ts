import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AccessDeniedError, EventStoreDBClient, FORWARDS, jsonEvent, START } from '@eventstore/db-client';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serve, type Server } from '#apps/api/main';
import { freePort } from '#test/support/perdure-process';
import { ThingsClient } from '#test/support/things-client';

describe('an embedded Perdure that EventStoreDB clients write to', () => {
  let folder: string;
  let server: Server;
  let client: EventStoreDBClient;
  let port: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'perdure-'));
    port = await freePort();
    server = await start();
    client = EventStoreDBClient.connectionString`esdb://127.0.0.1:${port}?tls=false`;
  });
  afterAll(async () => {
    await client.dispose();
    await server.close();
    await rm(folder, { recursive: true });
  });

  const root = { username: 'admin', password: 'changeit' };
  const start = () => serve({ PORT: '0', PERDURE_DATA: folder, PERDURE_LOG: 'error', PERDURE_EVENTSTOREDB_PORT: port });
  const request = async (method: string, path: string, body?: object, headers: Record<string, string> = {}) => {
    const response = await fetch(`${server.url}/api/v1/things/Cart${path}`, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      ...(body && { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };

  it('reads its events to them', async () => {
    expect((await request('POST', '', { $id: 'a', total: 1 })).status).toBe(201);
    const types: string[] = [];
    for await (const { event } of client.readStream('main.Cart-a', { direction: FORWARDS, fromRevision: START })) {
      types.push(event!.type);
    }
    expect(types).toEqual(['Cart.created']);
  });

  it('shows and obeys at once what they append', async () => {
    const metadata = { tenant: 'main', actor: { type: 'service', id: 'shop' }, occurredAt: '2026-01-01T00:00:00Z' };
    const event = jsonEvent({ type: 'Cart.updated', data: { patch: { total: 2 } }, metadata });
    await client.appendToStream('main.Cart-a', event, { expectedRevision: 0n });
    expect((await request('GET', '/a')).body).toMatchObject({ total: 2 });
    expect((await request('PATCH', '/a', { total: 3 }, { 'if-match': '"0"' })).status).toBe(412);
    expect((await request('PATCH', '/a', { total: 3 }, { 'if-match': '"1"' })).status).toBe(200);
    const [cart] = await new ThingsClient(server.url).settled('Cart', 3);
    expect(cart).toMatchObject({ $id: 'a', total: 3 });
  });

  it('says that it is ready for them, too', async () => {
    const { parts } = (await (await fetch(`${server.url}/ready`)).json()) as { parts: { name: string }[] };
    const names = ['EventStoreDB front', 'audit', 'event store', 'jobs', 'keys', 'read store'];
    expect(parts.map(({ name }) => name).sort()).toEqual(names);
  });

  it('lets them read the heads that vouch for its log, and nobody write there', async () => {
    const heads = '$audit-heads';
    const forged = jsonEvent({ type: 'audit.headSigned', data: { size: 0 } });
    const attempts = [
      () => client.appendToStream(heads, forged),
      () => client.appendToStream(heads, forged, { credentials: root }),
      () => client.setStreamMetadata(heads, { maxCount: 1 }),
      () => client.deleteStream(heads),
      () => client.tombstoneStream(heads),
    ];
    for (const attempt of attempts) await expect(attempt()).rejects.toBeInstanceOf(AccessDeniedError);
    await server.close();
    server = await start();
    const types: string[] = [];
    for await (const { event } of client.readStream(heads)) types.push(event!.type);
    expect(new Set(types)).toEqual(new Set(['audit.headSigned']));
    expect((await (await fetch(`${server.url}/ready`)).json()) as object).toMatchObject({ status: 'ready' });
  });

  it('lets them go when it ends, and starts again on the same port', async () => {
    await server.close();
    await expect(fetch(`${server.url}/health`)).rejects.toThrow('fetch failed');
    server = await start();
    const event = jsonEvent({ type: 'noted', data: {} });
    await expect(client.appendToStream('elsewhere', event)).resolves.toMatchObject({ success: true });
  });
});
