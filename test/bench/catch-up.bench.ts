import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { comparePositions, type Position } from '#kernel/event';
import type { Projection } from '#kernel/projection';
import { SqliteEventStore } from '#platform/event-store/sqlite-event-store.adapter';
import { ProjectionRunner } from '#platform/projecting/projection-runner';
import { SqliteReadStore } from '#platform/read-store/sqlite-read-store.adapter';
import { thingsProjection } from '#projections/things.projection';
import type { Bench } from './bench.js';
import { allEvents, counts, fold } from './folding.js';
import { inTurns, secondsOf } from './rounds.js';
import { seedThings } from './seed.js';

const EVENTS_EACH = 10;

/** A projection that is far behind, beside folding the same events where they are in memory already. */
export const catchUp: Bench = {
  name: 'catch-up',
  async *figures({ rounds, events }) {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'perdure-bench-'));
    const path = join(folder.path, 'perdure.db');
    const store = await SqliteEventStore.open(path);
    const documents = await SqliteReadStore.open(path);
    await seedThings(store, 'Order', events / EVENTS_EACH, EVENTS_EACH);
    const inMemory = await allEvents(store);
    const head = await store.head();

    for (const [name, projected] of [
      ['things', thingsProjection],
      ['a counter', counts],
    ] as [string, Projection<object>][]) {
      let turn = 0;
      const catchUpAnew = async (): Promise<void> => {
        const fresh = `${projected.name}_${++turn}`;
        const runner = new ProjectionRunner(
          { ...projected, name: fresh, readModel: { ...projected.readModel, name: fresh } },
          store,
          documents,
        );
        await runner.start();
        await reached(runner, head);
        await runner.stop();
      };
      const samples = await inTurns(rounds, {
        runner: async () => events / (await secondsOf(catchUpAnew)),
        fold: async () => events / (await secondsOf(async () => fold(projected, inMemory))),
      });
      yield {
        name: `${name}, ${events.toLocaleString('en')} events`,
        unit: 'events/s',
        samples: samples.runner,
        ceiling: { name: 'folded in memory', samples: samples.fold },
        aim: { of: 'value', atLeast: 100_000 },
      };
    }
    await documents.close();
    await store.close();
  },
};

async function reached(runner: ProjectionRunner, head: Position): Promise<void> {
  while (comparePositions((await runner.status()).position, head) < 0) await new Promise(setImmediate);
}
