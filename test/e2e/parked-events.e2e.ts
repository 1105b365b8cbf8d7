import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Module } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '#platform/config/config';
import { VERSION } from '#platform/config/version';
import { EVENT_STORE, type EventStore } from '#platform/event-store/event-store.port';
import { createHttpApp } from '#platform/http/create-http-app';
import { ParkingModule } from '#platform/parking/parking.module';
import { PlatformModule } from '#platform/platform.module';
import { ProjectingModule } from '#platform/projecting/projecting.module';
import { ProjectionWaits } from '#platform/projecting/waiting/projection-waits';
import { READ_STORE, type ReadStore } from '#platform/read-store/read-store.port';
import { ApiClient, type ApiAnswer } from '#test/support/api-client';
import { added, counters } from '#test/support/counter-projection';

/** Counters refuse to be raised by this much. */
let refused: number | undefined;
const picky = counters(({ data }) => 'by' in data && data.by === refused);
const retry = { attempts: 1, delay: () => Promise.resolve() };

type Item = Record<string, unknown> & { id: string };
const items = ({ body }: ApiAnswer): Item[] => body['items'] as Item[];

describe('events that a projection cannot take', () => {
  let folder: string;
  let app: NestFastifyApplication;
  let api: ApiClient;
  let bad = 1_000;

  const start = async (version = 1): Promise<void> => {
    const config = readConfig({ PERDURE_DATA: folder, PERDURE_LOG: 'off' });
    @Module({
      imports: [
        PlatformModule.forRoot({ stores: config, dispatch: config }),
        ProjectingModule.forProjections([{ ...picky, version }], { retry }),
        ParkingModule,
      ],
    })
    class ParkingApp {}
    app = await createHttpApp(ParkingApp, config);
    await app.listen(0, '127.0.0.1');
    api = new ApiClient(`http://127.0.0.1:${(app.getHttpServer().address() as { port: number }).port}`);
  };
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'perdure-'));
    await start();
  });
  afterAll(async () => {
    await app.close();
    await rm(folder, { recursive: true });
  });

  /** Three counters of this test's own, each with an event that is refused, and one behind it. */
  let names: string[];
  beforeEach(async () => {
    refused = ++bad;
    names = ['a', 'b', 'c'].map((name) => `${bad}-${name}`);
    for (const name of names) {
      await events().append(`main.counter-${name}`, 'none', [added(1), added(bad), added(2)]);
    }
    await projected();
  });
  afterEach(async () => {
    refused = undefined;
    await api.send('POST', '/api/v1/parked-events/replays', { all: true });
  });

  const events = (): EventStore => app.get<EventStore>(EVENT_STORE, { strict: false });
  const projected = async (): Promise<void> =>
    app.get(ProjectionWaits, { strict: false }).reached(['counters'], await events().head(), { milliseconds: 20_000 });
  const sums = async (): Promise<number[]> => {
    const documents = app.get<ReadStore>(READ_STORE, { strict: false });
    const found = await documents.getMany<{ sum: number }>('counters', names);
    return names.map((name) => found.get(name)!.sum);
  };
  const pathOf = (index: number): string =>
    `/api/v1/parked-events/${encodeURIComponent(`counters/key/${names[index]}`)}`;
  const messageOf = (index: number): string => `refused main.counter-${names[index]}@1`;

  it('are listed, page by page, with what failed and what waits', async () => {
    const first = await api.send('GET', '/api/v1/parked-events?projection=counters&limit=2');
    const cursor = encodeURIComponent(String(first.body['next']));
    const rest = await api.send('GET', `/api/v1/parked-events?projection=counters&limit=2&cursor=${cursor}`);
    const all = [...items(first), ...items(rest)];
    expect(all.map(({ id }) => id)).toEqual(names.map((name) => `counters/key/${name}`));
    const { body } = await api.send('GET', pathOf(0));
    expect(body).toEqual(all[0]);
    expect(body).toMatchObject({
      projection: 'counters',
      key: names[0],
      version: `1@${VERSION}`,
      event: { type: 'counter.added', stream: `main.counter-${names[0]}` },
      error: { message: messageOf(0) },
      waiting: { count: 1 },
    });
    expect(items(await api.send('GET', '/api/v1/parked-events?projection=others'))).toEqual([]);
    expect(items(await api.send('GET', `/api/v1/parked-events?version=2@${VERSION}`))).toEqual([]);
  });

  it('are grouped by what is the same in them', async () => {
    const groups = items(await api.send('GET', '/api/v1/parked-events/groups'));
    expect(groups).toMatchObject([
      { projection: 'counters', version: `1@${VERSION}`, keys: 3, events: 6, eventTypes: ['counter.added'] },
    ]);
    const cause = String(groups[0]!['cause']);
    expect(items(await api.send('GET', `/api/v1/parked-events?cause=${cause}`))).toHaveLength(3);
    expect(items(await api.send('GET', '/api/v1/parked-events?cause=other'))).toEqual([]);
  });

  it('degrade the readiness, which stays 200, and count', async () => {
    const { status, body } = await api.send('GET', '/ready');
    expect([status, body['status']]).toEqual([200, 'degraded']);
    const metrics = await (await fetch(`${api.url}/metrics`)).text();
    expect(metrics).toContain('perdure_projection_parked_keys{projection="counters"} 3');
    expect(metrics).toMatch(/perdure_parked_events_total\{projection="counters"\} [1-9]/);
    expect(metrics).toContain('perdure_projection_failing{projection="counters"} 0');
  });

  it('are replayed one by one', async () => {
    expect(await sums()).toEqual([1, 1, 1]);
    const early = await api.send('POST', `${pathOf(1)}/replay`);
    expect(early.body).toMatchObject({ outcome: 'still-failing', error: messageOf(1) });
    expect((await api.send('GET', pathOf(1))).body).toMatchObject({ attempts: 2, waiting: { count: 1 } });
    refused = undefined;
    const { body } = await api.send('POST', `${pathOf(1)}/replay`);
    expect(body).toEqual({ id: `counters/key/${names[1]}`, outcome: 'replayed' });
    expect(await sums()).toEqual([1, bad + 3, 1]);
    const again = await api.send('POST', `${pathOf(1)}/replay`);
    expect([again.status, again.body['code']]).toEqual([404, 'parked-event-not-found']);
  });

  it('are replayed by group, and all', async () => {
    const [group] = items(await api.send('GET', '/api/v1/parked-events/groups'));
    expect((await api.send('POST', '/api/v1/parked-events/replays', {})).status).toBe(400);
    const none = await api.send('POST', '/api/v1/parked-events/replays', { cause: 'other' });
    expect(none.body).toEqual({ items: [] });
    const early = items(await api.send('POST', '/api/v1/parked-events/replays', { cause: group!['cause'] }));
    expect(early.map(({ outcome }) => outcome)).toEqual(Array(3).fill('still-failing'));
    refused = undefined;
    const done = items(await api.send('POST', '/api/v1/parked-events/replays', { all: true }));
    expect(done.map(({ outcome }) => outcome)).toEqual(Array(3).fill('replayed'));
    expect(await sums()).toEqual(Array(3).fill(bad + 3));
    expect((await api.ready()).status).toBe('ready');
  });

  it('are skipped for good with a reason, which is an event', async () => {
    expect((await api.send('POST', `${pathOf(0)}/skip`, {})).status).toBe(400);
    const { body: parked } = await api.send('GET', pathOf(0));
    const reason = 'It was entered twice.';
    const { status, body } = await api.send('POST', `${pathOf(0)}/skip`, { reason });
    expect([status, body]).toEqual([
      200,
      { id: `counters/key/${names[0]}`, outcome: 'replayed', revision: 0, position: await events().head() },
    ]);
    expect(await sums()).toEqual([3, 1, 1]);
    const { events: recorded } = await events().read('main.projection-counters');
    const { id, position } = parked['event'] as { id: string; position: string };
    expect(recorded).toMatchObject([
      {
        type: 'projection.eventSkipped',
        data: {
          ...{ projection: 'counters', version: 1, key: names[0], reason, cause: parked['cause'] },
          ...{ eventId: id, eventType: 'counter.added', position },
        },
        metadata: { actor: { type: 'anonymous' }, reason },
      },
    ]);

    // A rebuild meets the event again, and passes over it.
    await app.close();
    await start(2);
    const isLive = ({ projections }: { projections: readonly { state: string }[] }): boolean =>
      projections.every(({ state }) => state === 'live');
    const { projections } = await api.readyWhen(isLive);
    expect(projections).toMatchObject([{ version: 2, parkedKeys: 2 }]);
    expect(await sums()).toEqual([3, 1, 1]);
  }, 60_000);
});
