import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { projected, type GivenEvent } from '#kernel/projection-specification';
import { StoreUnavailable } from '#platform/event-store/event-store.errors';
import { SqliteEventStore } from '#platform/event-store/sqlite-event-store.adapter';
import type { ReadStore } from '#platform/read-store/read-store.port';
import { SqliteReadStore } from '#platform/read-store/sqlite-read-store.adapter';
import { added, counters, documentsOf, upToDate, type CounterEvent } from '#test/support/counter-projection';
import { ProjectionRunner, type RunnerOptions } from './projection-runner.js';

/** What happens to a write: it succeeds, it never reaches the store, or it does but its answer is lost. */
type Fate = 'kept' | 'lost' | 'unanswered';

const fate = fc.constantFrom<Fate>('kept', 'kept', 'lost', 'unanswered');
const event = fc.record({ key: fc.constantFrom('a', 'b', 'c', 'ignored'), by: fc.integer({ min: -2, max: 2 }) });
/** Lives of a runner, one after the other: what is appended meanwhile, how its writes end, and how large its pages are. */
const life = fc.record({
  appended: fc.array(event, { maxLength: 12 }),
  fates: fc.array(fate, { maxLength: 6 }),
  pageSize: fc.integer({ min: 1, max: 5 }),
  catchesUp: fc.boolean(),
});

describe('whatever happens to a runner', () => {
  it('the documents are a plain fold of the events', async () => {
    await fc.assert(fc.asyncProperty(fc.array(life, { minLength: 1, maxLength: 4 }), foldsPlainly), { numRuns: 100 });
  });
});

type Life = typeof life extends fc.Arbitrary<infer T> ? T : never;

async function foldsPlainly(lives: readonly Life[]): Promise<void> {
  const events = await SqliteEventStore.open(':memory:');
  const documents = await SqliteReadStore.open(':memory:');
  for (const { appended, fates, pageSize, catchesUp } of lives) {
    const runner = new ProjectionRunner(counters(), events, unreliable(documents, [...fates]), {
      ...quiet,
      pageSize,
    });
    await runner.start();
    for (const { key, by } of appended) {
      await events.append(key === 'ignored' ? 'main.other-a' : `main.counter-${key}`, 'any', [added(by)]);
    }
    if (catchesUp) await upToDate(runner, events);
    await runner.stop();
  }
  const last = new ProjectionRunner(counters(), events, documents, quiet);
  await last.start();
  await upToDate(last, events);
  await last.stop();

  const stored = (await events.readAll()).events as unknown as GivenEvent<CounterEvent>[];
  expect(await documentsOf(documents)).toEqual(projected(counters())(...stored));
  await Promise.all([events.close(), documents.close()]);
}

const quiet: RunnerOptions = {
  logger: { log: () => {}, warn: () => {} },
  retry: { attempts: 1, delay: async () => {} },
};

/** The store itself behind a bad connection. */
function unreliable(store: SqliteReadStore, fates: Fate[]): ReadStore {
  return new Proxy<ReadStore>(store, {
    get(target, name: keyof ReadStore) {
      if (name !== 'write') return target[name].bind(target);
      return async (...write: Parameters<ReadStore['write']>) => {
        const fate = fates.shift() ?? 'kept';
        if (fate !== 'lost') await target.write(...write);
        if (fate !== 'kept') throw new StoreUnavailable('The connection broke.');
      };
    },
  });
}
