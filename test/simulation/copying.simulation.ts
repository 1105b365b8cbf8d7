import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { systemIds } from '#kernel/ids';
import { compareStores } from '#platform/copying/compare-stores';
import { copyEvents } from '#platform/copying/copy-events';
import { NotACopy } from '#platform/copying/resume-point';
import type { EventStore, NewEvent } from '#platform/event-store/event-store.port';
import { SqliteEventStore } from '#platform/event-store/sqlite-event-store.adapter';
import { ManualClock } from '#test/support/manual-clock';
import { mulberry32 } from '#test/support/mulberry32';

const SEEDS = Number(process.env['SIMULATIONS'] ?? 20);

describe('a copy of an event store', () => {
  let clock: ManualClock;
  let from: EventStore;
  let to: EventStore;
  beforeEach(async () => {
    clock = new ManualClock();
    from = await SqliteEventStore.open(':memory:', { clock });
    to = await SqliteEventStore.open(':memory:', { clock });
  });
  afterEach(() => Promise.all([from.close(), to.close()]));

  it.each(Array.from({ length: SEEDS }, (_, seed) => seed))(
    'has everything, however often it is interrupted and taken up again (seed %i)',
    async (seed) => {
      const random = mulberry32(seed);
      for (let round = 0; round < 4; round++) {
        await work(from, clock, random);
        const stop = new AbortController();
        await copyEvents(interruptible(from, random, stop), to, { signal: stop.signal }).catch(() => {});
        await copyEvents(interruptible(from, random, new AbortController()), to).catch(() => {});
      }
      await copyEvents(from, to);

      const comparison = await compareStores(from, to);
      expect(comparison).toMatchObject({ differences: [], more: 0 });
      expect(comparison.to).toEqual(comparison.from);
      expect(comparison.from.events).toBeGreaterThan(0);
      expect(await copyEvents(from, to)).toMatchObject({ copied: 0 });
    },
  );

  it('goes on at both ends as one store', async () => {
    await from.append('main.task-a', 'none', [event(1), event(2)]);
    await copyEvents(from, to);
    for (const store of [from, to])
      expect(await store.append('main.task-a', 1, [event(3)])).toMatchObject({ revision: 2 });
  });

  it('is not made over events of another store', async () => {
    await from.append('main.task-a', 'none', [event(1)]);
    await to.append('main.task-b', 'none', [event(1)]);
    await expect(copyEvents(from, to)).rejects.toBeInstanceOf(NotACopy);
  });

  it('is told apart from its original by what is missing, added or other', async () => {
    await from.append('main.task-a', 'none', [event(1)]);
    await from.append('main.task-b', 'none', [event(1)]);
    await copyEvents(from, to);
    await from.append('main.task-c', 'none', [event(1)]);
    await to.append('main.task-d', 'none', [event(1)]);
    for (const store of [from, to]) await store.append('main.task-a', 0, [event(2)]);
    await to.append('main.task-b', 0, [event(2)]);
    const { differences } = await compareStores(from, to);
    expect(differences.map(({ stream }) => stream)).toEqual([
      'main.task-a',
      'main.task-b',
      'main.task-c',
      'main.task-d',
    ]);
  });

  it('whose streams are the same may still be in another order', async () => {
    const [a, b] = [event(1), event(2)];
    await from.append('main.task-a', 'none', [a]);
    await from.append('main.task-b', 'none', [b]);
    await to.append('main.task-b', 'none', [b]);
    await to.append('main.task-a', 'none', [a]);
    expect((await compareStores(from, to)).differences).toEqual([expect.objectContaining({ stream: '$all' })]);
  });
});

function event(n: number): NewEvent {
  return { id: systemIds.next(), type: 'task.changed', data: { n }, metadata: { schemaVersion: 1 } };
}

/** Appends, deletions, tombstones and metadata over a few streams. */
async function work(store: EventStore, clock: ManualClock, random: () => number): Promise<void> {
  const below = (n: number): number => Math.floor(random() * n);
  for (let step = 0; step < 60; step++) {
    const stream = `main.task-${below(8)}`;
    clock.advance(below(5));
    await perform(store, stream, below(100), below).catch(() => {}); // streams that are deleted for ever stay so
  }
}

async function perform(store: EventStore, stream: string, dice: number, below: (n: number) => number): Promise<void> {
  if (dice < 80) {
    const contents = [{ n: dice }, ['list', dice], Buffer.from([dice, 0, 255])];
    const events = Array.from({ length: 1 + below(3) }, () => ({ ...event(dice), data: contents[below(3)]! }));
    await store.append(stream, 'any', events);
  } else if (dice < 88) await store.setMetadata(stream, { maxCount: 1 + below(4) });
  else if (dice < 92) await store.setMetadata(stream, { truncateBefore: below(6) });
  else if (dice < 98) await store.delete(stream, 'any', 'soft');
  else await store.delete(stream, 'any', 'tombstone');
}

/** Reads pages of a few events, and stops or fails at one of them. */
function interruptible(store: EventStore, random: () => number, stop: AbortController): EventStore {
  let pages = Math.floor(random() * 6);
  return new Proxy(store, {
    get(target, name) {
      if (name === 'readAll') {
        return async (options: Parameters<EventStore['readAll']>[0]) => {
          if (pages-- === 0) {
            stop.abort();
            throw new Error('interrupted');
          }
          return target.readAll({ ...options, limit: 1 + Math.floor(random() * 9) });
        };
      }
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}
