import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Module } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '#platform/config/config';
import { EVENT_STORE, type EventStore } from '#platform/event-store/event-store.port';
import { createHttpApp } from '#platform/http/create-http-app';
import { ParkingModule } from '#platform/parking/parking.module';
import { PlatformModule } from '#platform/platform.module';
import { OperatorOrders } from '#platform/projecting/operator-orders';
import { ProjectingModule } from '#platform/projecting/projecting.module';
import { ProjectionRunner } from '#platform/projecting/projection-runner';
import { RunningProjections } from '#platform/projecting/running-projections';
import { READ_STORE, type ReadStore } from '#platform/read-store/read-store.port';
import { ApiClient } from '#test/support/api-client';
import { added, counters, upToDate } from '#test/support/counter-projection';

let refused = true;
const picky = counters(({ revision }) => refused && revision === 1);

describe('parked events of a projection that another process runs', () => {
  let folder: string;
  let app: NestFastifyApplication;
  let api: ApiClient;
  let events: EventStore;
  let documents: ReadStore;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'perdure-'));
    const config = readConfig({ PERDURE_DATA: folder, PERDURE_LOG: 'off' });
    @Module({
      imports: [
        PlatformModule.forRoot({ stores: config, dispatch: config }),
        ProjectingModule.forProjectionsElsewhere([picky]),
        ParkingModule,
      ],
    })
    class Api {}
    app = await createHttpApp(Api, config);
    await app.listen(0, '127.0.0.1');
    api = new ApiClient(`http://127.0.0.1:${(app.getHttpServer().address() as { port: number }).port}`);
    events = app.get<EventStore>(EVENT_STORE, { strict: false });
    documents = app.get<ReadStore>(READ_STORE, { strict: false });
    for (const key of ['a', 'b', 'c']) {
      await events.append(`main.counter-${key}`, 'none', [added(1), added(10), added(2)]);
    }
  });
  afterAll(async () => {
    await app.close();
    await rm(folder, { recursive: true });
  });

  /** What a worker runs, over the same stores. */
  const work = async () => {
    const runner = new ProjectionRunner(picky, events, documents, {
      logger: { log() {}, warn() {} },
      retry: { attempts: 1, delay: () => Promise.resolve() },
    });
    const running = new RunningProjections([runner]);
    const orders = new OperatorOrders(running, events, true);
    await running.onApplicationBootstrap();
    orders.onApplicationBootstrap();
    await upToDate(runner, events);
    return async () => {
      await orders.beforeApplicationShutdown();
      await running.beforeApplicationShutdown();
    };
  };
  const pathOf = (key: string) => `/api/v1/parked-events/${encodeURIComponent(`counters/key/${key}`)}`;
  const sumOf = async (key: string) => (await documents.get<{ sum: number }>('counters', key))!.sum;

  it('are tried again and skipped by the process that runs it', async () => {
    const stop = await work();
    expect((await api.ready()).status).toBe('degraded');
    expect((await api.send('POST', `${pathOf('a')}/replay`)).body).toMatchObject({
      outcome: 'still-failing',
      error: 'refused main.counter-a@1',
    });
    const skipped = await api.send('POST', `${pathOf('b')}/skip`, { reason: 'Twice.' });
    expect(skipped.body).toMatchObject({ outcome: 'replayed' });
    expect(await sumOf('b')).toBe(3);
    refused = false;
    expect((await api.send('POST', `${pathOf('a')}/replay`)).body).toMatchObject({ outcome: 'replayed' });
    expect(await sumOf('a')).toBe(13);
    await stop();
  });

  it('are not tried again where no such process is there, and the answer says what to do', async () => {
    const { status, body } = await api.send('POST', `${pathOf('c')}/replay`);
    expect([status, body['code']]).toEqual([409, 'projection-elsewhere']);
    expect(body['detail']).toContain('Start one (`perdure worker`)');
  });

  it('but a skip is seen to by the next one', async () => {
    const { body } = await api.send('POST', `${pathOf('c')}/skip`, { reason: 'Twice.' });
    expect(body).toMatchObject({ outcome: 'asked', revision: expect.any(Number) });
    const stop = await work();
    expect(await sumOf('c')).toBe(3);
    expect((await api.ready()).status).toBe('ready');
    await stop();
  });
});
