import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Global, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { EVENT_STORE } from '#platform/event-store/event-store.port';
import { SqliteEventStore } from '#platform/event-store/sqlite-event-store.adapter';
import { READ_STORE } from '#platform/read-store/read-store.port';
import { SqliteReadStore } from '#platform/read-store/sqlite-read-store.adapter';
import { added, counters, eventually, upToDate } from '#test/support/counter-projection';
import { ManualStopwatch } from '#test/support/manual-stopwatch';
import { Leases } from './leases.js';
import { ProjectingModule } from './projecting.module.js';
import { ProjectionElsewhere } from './projecting.errors.js';
import { ProjectionRunner } from './projection-runner.js';
import { ProjectionStatuses } from './projection-status.js';

describe('a projection that several processes could run', () => {
  let events: SqliteEventStore;
  let documents: SqliteReadStore;
  let stopwatch: ManualStopwatch;
  let runners: ProjectionRunner[];

  beforeEach(async () => {
    events = await SqliteEventStore.open(':memory:');
    documents = await SqliteReadStore.open(':memory:');
    stopwatch = new ManualStopwatch();
    runners = [];
  });
  afterEach(async () => {
    await Promise.all(runners.map((runner) => runner.stop()));
    await Promise.all([events.close(), documents.close()]);
  });

  const start = async (owner: string, projection = counters()): Promise<ProjectionRunner> => {
    const runner = new ProjectionRunner(projection, events, documents, {
      leases: new Leases(documents, { owner, stopwatch }),
      logger: { log: () => {}, warn: () => {} },
      retry: { attempts: 1, delay: () => new Promise(setImmediate) },
    });
    runners.push(runner);
    await runner.start();
    return runner;
  };
  const add = (key: string, by: number) => events.append(`main.counter-${key}`, 'any', [added(by)]);
  const stateOf = async (runner: ProjectionRunner) => (await runner.status()).state;

  it('runs in one of them; the other tells how it is doing', async () => {
    const one = await start('one');
    await eventually(async () => (await stateOf(one)) === 'live');
    const other = await start('other');
    await add('a', 1);
    const { position } = await add('a', 2);
    await upToDate(one, events);
    expect(await other.status()).toEqual({
      name: 'counters',
      version: 1,
      state: 'elsewhere',
      position,
      lagSeconds: 0,
      parkedKeys: 0,
    });
  });

  it('shows no lag to the others where nothing but ignored changes came last', async () => {
    const one = await start('one');
    const other = await start('other');
    await add('a', 1);
    await upToDate(one, events);
    await add('a', 0);
    await upToDate(one, events);
    await eventually(async () => (await other.status()).lagSeconds === 0);
    expect((await other.status()).position).toBe(await events.head());
  });

  it('goes on in the other when the first one stops', async () => {
    const one = await start('one');
    await add('a', 1);
    await upToDate(one, events);
    const other = await start('other');
    await one.stop();
    await add('a', 2);
    await stopwatch.advance(1_000);
    await upToDate(other, events);
    expect(await documents.get('counters', 'a')).toEqual({ sum: 3, revisions: [0, 1] });
  });

  it('is left alone by a process whose lease was taken', async () => {
    const one = await start('one');
    await add('a', 1);
    await upToDate(one, events);
    const taken = { owner: 'somebody', token: 2, beat: 0 };
    expect(await documents.swapLease('counters', await documents.lease('counters'), taken)).toBe(true);
    await add('a', 2);
    await eventually(async () => (await stateOf(one)) === 'elsewhere');
    expect(await documents.get('counters', 'a')).toEqual({ sum: 1, revisions: [0] });
  });

  it('releases a parked key only where it runs', async () => {
    const failing = counters(({ revision }) => revision === 1);
    const one = await start('one', failing);
    await add('a', 1);
    await add('a', 2);
    await upToDate(one, events);
    const other = await start('other');
    expect((await other.status()).parkedKeys).toBe(1);
    await expect(other.release('a')).rejects.toBeInstanceOf(ProjectionElsewhere);
  });

  it('can be queried, and its progress seen, by a process that never runs it', async () => {
    const stores = [
      { provide: EVENT_STORE, useValue: events },
      { provide: READ_STORE, useValue: documents },
    ];
    @Global()
    @Module({ providers: stores, exports: stores })
    class Stores {}

    const imports = [Stores, ProjectingModule.forProjectionsElsewhere([counters()])];
    const application = await Test.createTestingModule({ imports }).compile();
    await application.init();
    expect(await documents.count('counters')).toBe(0);
    await add('a', 1);
    const [behind] = await application.get(ProjectionStatuses).statuses();
    expect(behind).toMatchObject({ state: 'elsewhere', position: '0', parkedKeys: 0 });
    await upToDate(await start('one'), events);
    expect(await application.get(ProjectionStatuses).statuses()).toMatchObject([
      { position: await events.head(), lagSeconds: 0 },
    ]);
    await application.close();
  });
});
