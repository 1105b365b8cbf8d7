import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Projection } from '#kernel/projection';
import { SqliteEventStore } from '#platform/event-store/sqlite-event-store.adapter';
import { ProjectionRunner } from '#platform/projecting/projection-runner';
import { runBuilds } from '#platform/projecting/building/run-builds';
import { SqliteReadStore } from '#platform/read-store/sqlite-read-store.adapter';
import { auditDaysProjection } from '#projections/audit-days.projection';
import { relationshipsProjection } from '#projections/relationships.projection';
import { thingsProjection } from '#projections/things.projection';
import { upToDate } from '#test/support/counter-projection';
import type { Bench } from './bench.js';
import { allEvents, counts, fold } from './folding.js';
import { inTurns, secondsOf } from './rounds.js';
import { seedThings } from './seed.js';

const EVENTS_EACH = 10;
const quiet = { log: () => undefined, warn: () => undefined };

/** Read models built anew beside live ones, until they could take over. */
export const rebuild: Bench = {
  name: 'rebuild',
  async *figures({ rounds, events }) {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'perdure-bench-'));
    const path = join(folder.path, 'perdure.db');
    const store = await SqliteEventStore.open(path);
    const documents = await SqliteReadStore.open(path);
    await seedThings(store, 'Order', events / EVENTS_EACH, EVENTS_EACH);
    const inMemory = await allEvents(store);

    for (const [name, projections] of [
      ['one simple projection', [counts]],
      ['the things projection', [thingsProjection]],
      ['four in one pass', [counts, thingsProjection, relationshipsProjection, auditDaysProjection]],
    ] as [string, Projection<object>[]][]) {
      for (const each of projections) {
        const live = new ProjectionRunner(each, store, documents, { logger: quiet });
        await live.start();
        await upToDate(live, store);
        await live.stop();
      }
      let turn = 0;
      const { signal } = new AbortController();
      const build = (): Promise<void> => runBuilds(`${name} ${++turn}`, projections, store, documents, { signal });
      const samples = await inTurns(rounds, {
        build: async () => events / (await secondsOf(build)),
        fold: async () => events / (await secondsOf(async () => projections.forEach((each) => fold(each, inMemory)))),
      });
      yield {
        name: `${name}, ${events.toLocaleString('en')} events`,
        unit: 'events/s',
        samples: samples.build,
        ceiling: { name: 'folded in memory', samples: samples.fold },
        ...(projections[0] === counts &&
          projections.length === 1 && { aim: { of: 'value', atLeast: 100_000 } as const }),
      };
    }
    await documents.close();
    await store.close();
  },
};
