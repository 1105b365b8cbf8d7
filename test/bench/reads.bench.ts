import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SqliteEventStore } from '#platform/event-store/sqlite-event-store.adapter';
import type { Bench } from './bench.js';
import { LoadProcess } from './load/load-process.js';
import type { Load } from './load/load.js';
import { ServerProcess } from './processes/server-process.js';
import { inTurns } from './rounds.js';
import { seedThings } from './seed.js';

/** Objects in memory. Reading more of them in a circle finds none of them there. */
const CACHED = 200;
const SHORT = 10_000;
const LONG = 500;
const LONG_EVENTS = 120;

/** Single things over HTTP: from memory, and from their events. */
export const reads: Bench = {
  name: 'reads',
  async *figures({ rounds, seconds }) {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'perdure-bench-'));
    const store = await SqliteEventStore.open(join(folder.path, 'perdure.db'));
    await seedThings(store, 'Short', SHORT, 3);
    await seedThings(store, 'Long', LONG, LONG_EVENTS);
    await seedThings(store, 'Snapped', LONG, LONG_EVENTS);
    await store.close();

    await using perdure = await ServerProcess.perdure(folder.path, { PERDURE_CACHED_OBJECTS: String(CACHED) });
    await using idle = await ServerProcess.idle();
    using generator = new LoadProcess();
    const put = async (server: ServerProcess, load: Partial<Load>): Promise<number> => {
      const { port } = server;
      const request = { port, method: 'GET', path: '/', connections: 64, seconds: seconds / 2 } as const;
      return (await generator.put({ ...request, ...load })).perSecond;
    };
    const read = (noun: string, numbers: number) => () =>
      put(perdure, { path: `/api/v1/things/${noun}/seed-{n}`, numbers });

    // The next command to an object that has grown by so many events leaves a snapshot of it.
    const pay = { method: 'POST', path: '/api/v1/things/Snapped/seed-{n}/verbs/pay', body: '{}' } as const;
    await put(perdure, { ...pay, numbers: LONG, seconds: 1 });

    const samples = await inTurns(rounds, {
      empty: () => put(idle, {}),
      warm: read('Short', CACHED / 2),
      cold: read('Short', SHORT),
      snapshot: read('Snapped', LONG),
      events: read('Long', LONG),
    });
    const ceiling = { name: 'empty route', samples: samples.empty };
    const aim = { of: 'value', atLeast: 5_000 } as const;
    const unit = 'requests/s';
    yield { name: 'warm: the object is in memory', unit, samples: samples.warm, ceiling };
    yield { name: 'cold: of 3 events', unit, samples: samples.cold, ceiling, aim };
    yield { name: `cold: of ${LONG_EVENTS} events, with snapshot`, unit, samples: samples.snapshot, ceiling, aim };
    yield { name: `cold: of ${LONG_EVENTS} events, without`, unit, samples: samples.events, ceiling };
  },
};
