import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SqliteEventStore } from '#platform/event-store/sqlite-event-store.adapter';
import type { Bench } from './bench.js';
import { RawEvents } from './raw-events.js';
import { inTurns } from './rounds.js';
import { anOrder, thingEvent } from './seed.js';

/** Appends of one event each through the port, beside a program that writes the same rows by hand. */
export const append: Bench = {
  name: 'append',
  async *figures({ rounds, seconds }) {
    for (const durability of ['full', 'normal'] as const) {
      for (const concurrent of [1, 64, 256]) {
        await using folder = await mkdtempDisposable(join(tmpdir(), 'perdure-bench-'));
        const store = await SqliteEventStore.open(join(folder.path, 'events.db'), { durability });
        using raw = new RawEvents(join(folder.path, 'raw.db'), durability);
        let streams = 0;
        const append = async () => {
          await store.append(`main.Order-${streams++}`, 'none', [thingEvent('Order.created', { data: anOrder })]);
        };
        const { port, sqlite } = await inTurns(rounds, {
          port: () => perSecond(seconds / 3, concurrent, () => Promise.all(Array.from({ length: concurrent }, append))),
          sqlite: () => perSecond(seconds / 3, concurrent, () => raw.append(concurrent)),
        });
        await store.close();
        yield {
          name: `${concurrent} concurrent, ${durability}`,
          unit: 'events/s',
          samples: port,
          ceiling: { name: `node:sqlite, batches of ${concurrent}`, samples: sqlite },
          aim: { of: 'ratio', atLeast: 0.8 },
        };
      }
    }
  },
};

/** Events a second of batches that follow each other. */
async function perSecond(seconds: number, events: number, batch: () => unknown): Promise<number> {
  const start = performance.now();
  let stored = 0;
  let elapsed = 0;
  while (elapsed < seconds) {
    await batch();
    stored += events;
    elapsed = (performance.now() - start) / 1_000;
  }
  return stored / elapsed;
}
