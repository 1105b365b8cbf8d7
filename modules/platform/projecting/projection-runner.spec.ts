import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { comparePositions, START } from '#kernel/event';
import { projected, type GivenEvent } from '#kernel/projection-specification';
import { SqliteEventStore } from '#platform/event-store/sqlite-event-store.adapter';
import { StoreUnavailable } from '#platform/event-store/event-store.errors';
import type { ReadStore } from '#platform/read-store/read-store.port';
import { SqliteReadStore } from '#platform/read-store/sqlite-read-store.adapter';
import {
  added,
  counters,
  documentsOf,
  eventually,
  upToDate,
  type CounterEvent,
} from '#test/support/counter-projection';
import type { ParkedKey } from './parked-events.js';
import { ProjectionRunner, type RunnerOptions } from './projection-runner.js';

describe('a projection runner', () => {
  let events: SqliteEventStore;
  let documents: SqliteReadStore;
  let runners: ProjectionRunner[];
  const delays: number[] = [];
  const logged: string[] = [];
  const delay = (milliseconds: number): Promise<unknown> => {
    delays.push(milliseconds);
    return new Promise(setImmediate);
  };
  const options: RunnerOptions = {
    pageSize: 10,
    logger: { log: (message: string) => logged.push(message), warn: (message: string) => logged.push(message) },
    retry: { attempts: 3, delay },
  };

  beforeEach(async () => {
    events = await SqliteEventStore.open(':memory:');
    documents = await SqliteReadStore.open(':memory:');
    runners = [];
    delays.length = 0;
    logged.length = 0;
  });
  afterEach(async () => {
    await Promise.all(runners.map((runner) => runner.stop()));
    await Promise.all([events.close(), documents.close()]);
  });

  const runnerOf = (projection = counters(), more: RunnerOptions = {}, store: ReadStore = documents) => {
    const runner = new ProjectionRunner(projection, events, store, { ...options, ...more });
    runners.push(runner);
    return runner;
  };
  const run = async (...args: Parameters<typeof runnerOf>) => {
    const runner = runnerOf(...args);
    await runner.start();
    await upToDate(runner, events);
    return runner;
  };
  const add = (key: string, ...values: number[]) => events.append(`main.counter-${key}`, 'any', values.map(added));
  const parked = async () => Object.values(await documentsOf(documents, 'parked_events')) as ParkedKey[];
  const folded = async (until?: string) => {
    const { events: all } = await events.readAll({ limit: 100_000 });
    const seen = all.filter(({ position }) => until === undefined || comparePositions(position, until) <= 0);
    return projected(counters())(...(seen as GivenEvent<CounterEvent>[]));
  };

  it('catches up in pages and leaves the checkpoint at the end', async () => {
    for (let i = 0; i < 47; i++) await add(`k${i % 7}`, i);
    const runner = await run();
    expect(await documentsOf(documents)).toEqual(await folded());
    await runner.stop();
    expect(await documents.checkpoint('counters')).toEqual({ position: await events.head(), version: 1 });
  });

  it('follows live events, also those that come in thousands', async () => {
    const runner = await run();
    expect(await runner.status()).toMatchObject({ state: 'live', position: START, lagSeconds: 0, parkedKeys: 0 });
    await add('a', 1);
    await upToDate(runner, events);
    expect(await documents.get('counters', 'a')).toEqual({ sum: 1, revisions: [0] });
    await Promise.all(Array.from({ length: 2_000 }, (_, i) => add(`k${i % 30}`, i)));
    await upToDate(runner, events);
    expect(await documentsOf(documents)).toEqual(await folded());
  });

  it('removes documents, and writes none that stayed the same', async () => {
    await add('a', 1);
    await add('b', 1);
    const writes: string[] = [];
    const watched = watching(documents, (ids) => writes.push(...ids));
    const runner = await run(counters(), {}, watched);
    await add('a', 0);
    await events.append('main.counter-b', 'any', [{ ...added(0), type: 'counter.removed' }]);
    await upToDate(runner, events);
    expect(writes).toEqual(['a', 'b', 'b']);
    expect(await documentsOf(documents)).toEqual({ a: { sum: 1, revisions: [0] } });
  });

  it('goes on after a restart from where it was', async () => {
    await add('a', 1, 2);
    await (await run()).stop();
    await add('a', 3);
    await run();
    expect(await documents.get('counters', 'a')).toEqual({ sum: 6, revisions: [0, 1, 2] });
  });

  it('finishes the page under way when it is stopped', async () => {
    for (let i = 0; i < 95; i++) await add(`k${i % 7}`, i);
    const runner = runnerOf();
    await runner.start();
    await eventually(async () => (await documents.checkpoint('counters')) !== null);
    await runner.stop();
    const checkpoint = await documents.checkpoint('counters');
    expect(await runner.status()).toMatchObject({ state: 'stopped', position: checkpoint!.position });
    expect(await documentsOf(documents)).toEqual(await folded(checkpoint!.position));
  });

  it('builds the read model anew over another event store, and goes on over the same one', async () => {
    await add('a', 1);
    await (await run()).stop();
    await add('a', 2);
    await (await run()).stop();
    expect(logged).toEqual([]);

    await events.close();
    events = await SqliteEventStore.open(':memory:');
    await add('b', 4);
    await run();
    expect(logged).toEqual([
      'The event store is another one: the read model is built anew.',
      expect.stringContaining('has taken over'),
    ]);
    expect(await documentsOf(documents)).toEqual({ b: { sum: 4, revisions: [0] } });
  });

  it('builds the read model anew for another version', async () => {
    for (let i = 0; i < 30; i++) await add(`k${i}`, 1);
    await (await run()).stop();
    const doubled = { ...counters(), version: 2, key: () => 'all' };
    await run(doubled);
    expect(await documentsOf(documents)).toMatchObject({ all: { sum: 30 } });
    expect(await documents.count('counters')).toBe(1);
    expect(await documents.checkpoint('counters')).toMatchObject({ version: 2 });
    expect(logged).toContain('Version 2 follows 1: the read model is built anew.');
  });

  it('shares the work with another runner of the same projection', async () => {
    for (let i = 0; i < 200; i++) await add(`k${i % 7}`, i);
    const both = [runnerOf(), runnerOf()];
    await Promise.all(both.map((runner) => runner.start()));
    await Promise.all(both.map((runner) => upToDate(runner, events)));
    await add('k1', 5);
    await Promise.all(both.map((runner) => upToDate(runner, events)));
    expect(await documentsOf(documents)).toEqual(await folded());
    expect(logged).toContain('Another runner of this projection is ahead; going on from where it is.');
  });

  describe('tells its lag:', () => {
    const later = { now: () => new Date(Date.now() + 60_000) };

    it('the age of the oldest event that it has not projected', async () => {
      await add('a', 1);
      const { lagSeconds } = await runnerOf(counters(), { clock: later }).status();
      expect(lagSeconds).toBeGreaterThanOrEqual(59);
      expect(lagSeconds).toBeLessThan(90);
      expect(await (await run(counters(), { clock: later })).status()).toMatchObject({ lagSeconds: 0 });
    });

    it('none for events that do not matter, and moves on past them', async () => {
      await events.append('main.other-a', 'any', [added(1)]);
      expect(await runnerOf(counters(), { clock: later }).status()).toMatchObject({ lagSeconds: 0, position: START });
      const runner = await run();
      const { position } = await events.append('main.other-a', 'any', [added(1)]);
      await upToDate(runner, events);
      await runner.stop();
      expect(await documents.checkpoint('counters')).toMatchObject({ position });
    });
  });

  describe('that fails on an event', () => {
    const refusesB1 = () => counters(({ stream, revision }) => stream === 'main.counter-b' && revision === 1);

    it('parks the key after its attempts, and the others go on', async () => {
      await add('a', 1);
      const { position: after } = await add('b', 1);
      const { position } = await add('b', 2);
      await add('b', 3);
      const runner = await run(refusesB1());
      await add('b', 4);
      await add('a', 2);
      await upToDate(runner, events);

      expect(delays).toEqual([100, 200]);
      expect(await runner.status()).toMatchObject({ state: 'live', parkedKeys: 1, error: 'refused main.counter-b@1' });
      expect(await documentsOf(documents)).toEqual({
        a: { sum: 3, revisions: [0, 1] },
        b: { sum: 1, revisions: [0] },
      });
      const [record, ...others] = await parked();
      expect(others).toEqual([]);
      expect(record).toMatchObject({
        projection: 'counters',
        version: 1,
        key: 'b',
        after,
        attempts: 3,
        event: { type: 'counter.added', stream: 'main.counter-b', position },
        error: { message: 'refused main.counter-b@1', stack: expect.stringContaining('counter-projection') },
        waiting: { count: 2 },
      });
    });

    it('lets an event pass that a later attempt takes', async () => {
      await add('b', 1, 2, 3);
      let times = 0;
      const runner = await run(counters(({ revision }) => revision === 1 && ++times < 3));
      expect(await runner.status()).toMatchObject({ parkedKeys: 0 });
      expect(await documentsOf(documents)).toEqual(await folded());
    });

    it('still knows its parked keys after a restart', async () => {
      await add('b', 1, 2, 3);
      await (await run(refusesB1())).stop();
      await add('b', 4);
      const runner = await run();
      expect(await runner.status()).toMatchObject({ parkedKeys: 1 });
      expect(await documents.get('counters', 'b')).toEqual({ sum: 1, revisions: [0] });
      expect(await parked()).toMatchObject([{ waiting: { count: 2 } }]);
    });

    it.each([1, 10])('makes a released key whole once the projection is mended (pages of %i)', async (pageSize) => {
      await add('b', 1);
      await add('a', 1);
      await add('b', 2, 3);
      for (let i = 0; i < 30; i++) await add(i % 3 ? 'a' : 'b', i);
      await (await run(refusesB1(), { pageSize })).stop();
      await add('b', 40, 41);
      const runner = runnerOf(counters(), { pageSize });
      await runner.start();
      expect(await runner.release('b')).toBe(true);
      expect(await runner.release('b')).toBe(false);
      await add('b', 42);
      await upToDate(runner, events);
      expect(await runner.status()).toMatchObject({ parkedKeys: 0 });
      expect(await documentsOf(documents)).toEqual(await folded());
      expect(await parked()).toEqual([]);
    });

    it('keeps a key parked that is released too early', async () => {
      await add('b', 1, 2);
      const runner = await run(refusesB1());
      await expect(runner.release('b')).rejects.toThrow('refused main.counter-b@1');
      expect(await runner.status()).toMatchObject({ parkedKeys: 1 });
      expect(await documents.get('counters', 'b')).toEqual({ sum: 1, revisions: [0] });
    });

    it('sets an event aside alone where it cannot tell its key', async () => {
      await add('a', 1, 2, 3);
      const plain = counters();
      const key: typeof plain.key = (event) => {
        if (event.revision === 1) throw new Error('no key');
        return plain.key(event);
      };
      await run({ ...plain, key });
      expect(await documents.get('counters', 'a')).toEqual({ sum: 4, revisions: [0, 2] });
      expect(await parked()).toMatchObject([{ key: null, error: { message: 'no key' }, waiting: { count: 0 } }]);
    });
  });

  it('waits for a store that cannot answer, and says so', async () => {
    await add('a', 1);
    let outage = true;
    const failing = watching(documents, () => {
      if (outage) throw new StoreUnavailable('The disk is full.');
    });
    const runner = runnerOf(counters(), {}, failing);
    await runner.start();
    await eventually(() => delays.length > 3);
    expect(delays.slice(0, 4)).toEqual([100, 200, 400, 800]);
    expect(await runner.status()).toMatchObject({ state: 'failing', error: 'The disk is full.', position: START });
    outage = false;
    await upToDate(runner, events);
    expect(await runner.status()).not.toHaveProperty('error');
    expect(await documentsOf(documents)).toEqual(await folded());
    expect(await parked()).toEqual([]);
  });
});

/** The store itself, with somebody looking at the ids that are written; who looks may refuse the write. */
function watching(store: SqliteReadStore, look: (ids: string[]) => void): ReadStore {
  return new Proxy<ReadStore>(store, {
    get(target, name: keyof ReadStore) {
      if (name !== 'write') return name === 'shared' ? target.shared : target[name].bind(target);
      return async (...[writes, advance]: Parameters<ReadStore['write']>) => {
        look(writes.filter(({ collection }) => collection === 'counters').map(({ id }) => id));
        return target.write(writes, advance);
      };
    },
  });
}
