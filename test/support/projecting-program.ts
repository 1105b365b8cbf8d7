import { SqliteEventStore } from '#platform/event-store/sqlite-event-store.adapter';
import { ProjectionRunner, type RunnerOptions } from '#platform/projecting/projection-runner';
import { SqliteReadStore } from '#platform/read-store/sqlite-read-store.adapter';
import { added, counters } from './counter-projection.js';

/** Throws on one key, whose parking must survive, too. */
export const oneKeyFails = counters(({ stream, revision }) => stream === 'main.counter-k3' && revision >= 4);

/** Parked records depend on nothing but the events. */
export const repeatable: RunnerOptions = {
  pageSize: 40,
  logger: { log: () => {}, warn: () => {} },
  retry: { attempts: 2, delay: async () => {} },
  clock: { now: () => new Date('2026-01-01T00:00:00Z') },
};

/** Appends and projects until it is killed; prints a line after each round of appends. */
async function main(path: string): Promise<void> {
  const events = await SqliteEventStore.open(path);
  const documents = await SqliteReadStore.open(path);
  await new ProjectionRunner(oneKeyFails, events, documents, repeatable).start();
  for (let round = 0; ; round++) {
    const appends = Array.from({ length: 25 }, (_, i) => {
      const stream = i % 5 === 0 ? 'main.other-a' : `main.counter-k${(round * 7 + i) % 40}`;
      return events.append(stream, 'any', [added(i)]);
    });
    await Promise.all(appends);
    process.stdout.write(`${round}\n`);
  }
}

if (import.meta.main) await main(process.argv[2]!);
