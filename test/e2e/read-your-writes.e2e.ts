import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { mkdtemp, rm } from 'node:fs/promises';
import { once } from 'node:events';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppModule } from '#apps/api/app.module';
import { readConfig } from '#platform/config/config';
import { createHttpApp } from '#platform/http/create-http-app';
import { drain } from '#platform/http/drain';
import { ProjectionWaits } from '#platform/projecting/waiting/projection-waits';
import { eventually } from '#test/support/counter-projection';
import { PerdureServer } from '#test/support/perdure-server';

interface ListAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown> & { readonly items: readonly Record<string, unknown>[] };
}

async function ask(url: string, path: string, init?: RequestInit): Promise<ListAnswer> {
  const response = await fetch(url + path, init);
  return { status: response.status, headers: response.headers, body: (await response.json()) as ListAnswer['body'] };
}

function post(url: string, path: string, body: object): Promise<ListAnswer> {
  const headers = { 'content-type': 'application/json' };
  return ask(url, path, { method: 'POST', headers, body: JSON.stringify(body) });
}

describe('a query after a command', () => {
  let server: PerdureServer;
  beforeAll(async () => {
    server = await PerdureServer.start();
  });
  afterAll(() => server.stop());

  it('sees what the command wrote, always', async () => {
    for (let n = 0; n < 200; n++) {
      const { headers } = await post(server.url, '/api/v1/things/Ticket', { $id: `t${n}`, n });
      const after = headers.get('perdure-position')!;
      const where = encodeURIComponent(JSON.stringify({ n }));
      const list = await ask(server.url, `/api/v1/things/Ticket?where=${where}&after=${after}&wait=10s`);
      expect(list.body.items).toMatchObject([{ $id: `t${n}`, n }]);
      const count = await ask(server.url, `/api/v1/nouns/Ticket/count?after=${after}`);
      expect(count.body).toEqual({ count: n + 1 });
    }
  }, 60_000);

  it('sees all commands of a batch', async () => {
    const commands = Array.from({ length: 50 }, (_, n) => ({
      command: 'CreateThing',
      fields: { noun: 'Row', id: `r${n}`, data: { n } },
    }));
    const { headers, body } = await post(server.url, '/api/v1/batches', { commands });
    const positions = (body['results'] as { position: string }[]).map(({ position }) => Number(position));
    const after = headers.get('perdure-position')!;
    expect(Number(after)).toBe(Math.max(...positions));
    expect((await ask(server.url, `/data/collections/Row?limit=1000&after=${after}`)).body.items).toHaveLength(50);
    expect((await ask(server.url, `/data/collections?after=${after}`)).status).toBe(200);
    const related = `/api/v1/things/Row/r1/relationships?after=${after}`;
    expect((await ask(server.url, related)).body.items).toEqual([]);
  });

  it('takes the same parameters where the answer comes from streams, and leads to the next page with them', async () => {
    const { headers } = await post(server.url, '/api/v1/things/Note', { $id: 'a' });
    await post(server.url, '/api/v1/things/Note', { $id: 'b' });
    const after = headers.get('perdure-position')!;
    expect((await ask(server.url, `/api/v1/things/Note/a?after=${after}&wait=0`)).status).toBe(200);
    expect((await ask(server.url, `/ready?after=${after}`)).status).toBe(200);
    const page = await ask(server.url, `/api/v1/things/Note?limit=1&after=${after}`);
    expect(page.headers.get('link')).toContain(`after=${after}`);
  });

  it.each([
    ['after=99999999', 'after', 'The last event of this store is at'],
    ['after=C:12/P:12', 'after', 'Positions of other stores mean nothing here'],
    ['after=-1', 'after', 'as it came'],
    ['after=1&after=2', 'after', 'as it came'],
    ['after=1&wait=2', 'wait', 'such as 500ms or 2s'],
    ['after=1&wait=31s', 'wait', '0 to 30s'],
    ['wait=soon', 'wait', 'such as 500ms or 2s'],
  ])('is refused with the cure: %s', async (query, field, cure) => {
    for (const path of ['/api/v1/things/Ticket', '/api/v1/things/Ticket/t0']) {
      const { status, body } = await ask(server.url, `${path}?${query}`);
      expect(status).toBe(400);
      expect(body).toMatchObject({
        code: 'invalid-input',
        errors: [{ pointer: `/query/${field}`, detail: expect.stringContaining(cure) }],
      });
    }
  });

  it('is documented at every query, and nowhere else', async () => {
    const { paths } = (await ask(server.url, '/openapi.json')).body as unknown as {
      paths: Record<
        string,
        Record<string, { parameters: { $ref?: string }[]; responses: Record<string, { description: string }> }>
      >;
    };
    for (const operations of Object.values(paths)) {
      for (const [method, { parameters }] of Object.entries(operations)) {
        const takes = parameters.some(({ $ref }) => $ref === '#/components/parameters/After');
        expect(takes).toBe(method === 'get');
      }
    }
    const list = paths['/api/v1/things/{noun}']!['get']!;
    expect(list.responses['503']!.description).toContain('projection-behind');
  });
});

describe('a query whose projections nobody runs', () => {
  let folder: string;
  let app: NestFastifyApplication;
  let url: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'perdure-'));
    const config = readConfig({ PERDURE_DATA: folder, PERDURE_LOG: 'off', PERDURE_WORKER: 'apart' });
    app = await createHttpApp(AppModule.with(config), config);
    await app.listen(0, '127.0.0.1');
    url = `http://127.0.0.1:${(app.getHttpServer().address() as { port: number }).port}`;
  });
  afterAll(async () => {
    await drain(app);
    await rm(folder, { recursive: true });
  });

  it('is told how far behind they are', async () => {
    await post(url, '/api/v1/things/Ticket', { $id: 'a' });
    const { headers } = await post(url, '/api/v1/things/Ticket', { $id: 'b' });
    const after = headers.get('perdure-position')!;
    const answer = await ask(url, `/api/v1/things/Ticket?after=${after}&wait=20ms`);
    expect(answer.status).toBe(503);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(answer.body).toMatchObject({
      code: 'projection-behind',
      projection: 'things',
      state: 'elsewhere',
      position: '0',
      lagEvents: 2,
      lagSeconds: expect.any(Number),
      detail: expect.stringContaining("'things' is 2 events and"),
    });
    expect((await ask(url, `/api/v1/things/Ticket?after=${after}&wait=0`)).status).toBe(503);
    expect((await ask(url, '/api/v1/things/Ticket')).body.items).toEqual([]);
    // Schedules ignore all of these events.
    expect((await ask(url, `/api/v1/schedules?after=${after}&wait=0`)).status).toBe(200);
  });

  it('waits no longer than its client, and than the process', async () => {
    const waits = app.get(ProjectionWaits, { strict: false });
    const path = '/api/v1/things/Ticket?after=2&wait=30s';
    const gone = new AbortController();
    // fetch would open another connection in the place of the one that it gives up.
    const left = once(get(url + path, { signal: gone.signal }), 'error');
    const stays = ask(url, path);
    await eventually(() => waits.waiting === 2);
    gone.abort();
    await left;
    await eventually(() => waits.waiting === 1);

    const ended = drain(app);
    const { status, body } = await stays;
    expect([status, body['detail']]).toEqual([503, expect.stringContaining('This process is about to end')]);
    await ended;
  });
});
