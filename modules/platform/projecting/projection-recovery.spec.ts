import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { projected, type GivenEvent } from '#kernel/projection-specification';
import { StoreUnavailable } from '#platform/event-store/event-store.errors';
import { SqliteEventStore } from '#platform/event-store/sqlite-event-store.adapter';
import type { ReadStore } from '#platform/read-store/read-store.port';
import { SqliteReadStore } from '#platform/read-store/sqlite-read-store.adapter';
import { added, counters, documentsOf, upToDate, type CounterEvent } from '#test/support/counter-projection';
import { piecemeal, type Positions } from '#test/support/piecemeal-store';
import type { ParkedKey } from './parked-events.js';
import { ProjectionRunner, type RunnerOptions } from './projection-runner.js';

/** What happens to a write: it succeeds, it never reaches the store, or it does but its answer is lost. */
type Fate = 'kept' | 'lost' | 'unanswered';

const fate = fc.constantFrom<Fate>('kept', 'kept', 'lost', 'unanswered');
/** What happens to each document of a write, and to the checkpoint after them, where the store has no transactions. */
const part = fc.constantFrom<Fate>('kept', 'kept', 'kept', 'kept', 'lost');
const event = fc.record({ key: fc.constantFrom('a', 'b', 'c', 'ignored'), by: fc.integer({ min: -2, max: 2 }) });
/** Lives of a runner, one after the other: what is appended meanwhile, how its writes end, and how large its pages are. */
const life = fc.record({
  appended: fc.array(event, { maxLength: 12 }),
  fates: fc.array(fate, { maxLength: 6 }),
  parts: fc.array(part, { maxLength: 20 }),
  pageSize: fc.integer({ min: 1, max: 5 }),
  catchesUp: fc.boolean(),
});

describe('whatever happens to a runner', () => {
  const lives = fc.array(life, { minLength: 1, maxLength: 4 });

  it('the documents are a plain fold of the events', async () => {
    await fc.assert(
      fc.asyncProperty(lives, (lives) => foldsPlainly(lives, (store, { fates }) => unreliable(store, [...fates]))),
      { numRuns: 100 },
    );
  });

  it('so they are in a store without transactions, whose writes end half done', async () => {
    await fc.assert(
      fc.asyncProperty(lives, async (lives) => {
        const positions: Positions = new Map();
        await foldsPlainly(lives, (store, { parts }) => {
          const left = [...parts];
          return piecemeal(store, positions, () => {
            if (left.shift() === 'lost') throw new StoreUnavailable('The connection broke.');
          });
        });
      }),
      { numRuns: 100 },
    );
  });
});

type Life = typeof life extends fc.Arbitrary<infer T> ? T : never;

/** Fails on an event of one key, so that parking is a part of what must come out right. */
const failing = counters(({ stream, revision }) => stream === 'main.counter-c' && revision === 2);

async function foldsPlainly(
  lives: readonly Life[],
  through: (store: SqliteReadStore, life: Life) => ReadStore,
): Promise<void> {
  const events = await SqliteEventStore.open(':memory:');
  const documents = await SqliteReadStore.open(':memory:');
  for (const life of lives) {
    const { appended, pageSize, catchesUp } = life;
    const runner = new ProjectionRunner(failing, events, through(documents, life), { ...quiet, pageSize });
    await runner.start();
    for (const { key, by } of appended) {
      await events.append(key === 'ignored' ? 'main.other-a' : `main.counter-${key}`, 'any', [added(by)]);
    }
    if (catchesUp) await upToDate(runner, events);
    await runner.stop();
  }
  const none = { ...lives[0]!, fates: [], parts: [] };
  const last = new ProjectionRunner(failing, events, through(documents, none), quiet);
  await last.start();
  await upToDate(last, events);

  const stored = (await events.readAll()).events as unknown as GivenEvent<CounterEvent>[];
  const passing = stored.filter(({ stream, revision }) => stream !== 'main.counter-c' || revision! < 2);
  expect(await documentsOf(documents)).toEqual(projected(counters())(...passing));
  const behind = stored.filter(({ stream, revision }) => stream === 'main.counter-c' && revision! > 2);
  const parked = Object.values(await documentsOf(documents, 'parked_events')) as ParkedKey[];
  const fails = stored.some(({ stream, revision }) => stream === 'main.counter-c' && revision === 2);
  expect(parked.map(({ key, waiting }) => [key, waiting.count])).toEqual(fails ? [['c', behind.length]] : []);
  expect((await last.status()).parkedKeys).toBe(parked.length);
  await last.stop();
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
      if (name !== 'write') return name === 'shared' ? target.shared : target[name].bind(target);
      return async (...write: Parameters<ReadStore['write']>) => {
        const fate = fates.shift() ?? 'kept';
        if (fate !== 'lost') await target.write(...write);
        if (fate !== 'kept') throw new StoreUnavailable('The connection broke.');
      };
    },
  });
}
