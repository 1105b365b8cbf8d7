import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Projection } from '#kernel/projection';
import { SqliteEventStore } from '#platform/event-store/sqlite-event-store.adapter';
import type { ReadStore } from '#platform/read-store/read-store.port';
import { SqliteReadStore } from '#platform/read-store/sqlite-read-store.adapter';
import {
  added,
  counters,
  documentsOf,
  eventually,
  upToDate,
  type Counter,
  type CounterEvent,
} from '#test/support/counter-projection';
import { DyingStore, type Failing } from '#test/support/failing-store';
import { piecemeal, type Positions } from '#test/support/piecemeal-store';
import { projectionBuilds, type BuildRecord } from './build-record.js';
import type { ParkedKey } from '../parked-events.js';
import { ProjectionRunner, type RunnerOptions } from '../projection-runner.js';
import { runBuilds } from './run-builds.js';

type Counters = Projection<Counter, CounterEvent>;

/** What the first version says, times ten; each version fails on a key of its own. */
const first = counters(({ stream, revision }) => stream === 'main.counter-k1' && revision === 1);
const second: Counters = {
  ...counters(({ stream, revision }) => stream === 'main.counter-k2' && revision === 1),
  version: 2,
  evolve(document, event) {
    const plain = counters(({ stream, revision }) => stream === 'main.counter-k2' && revision === 1);
    const before = document && { ...document, sum: document.sum / 10 };
    const after = plain.evolve(before, event);
    return after && { ...after, sum: after.sum * 10 };
  },
};

const quiet: RunnerOptions = {
  pageSize: 7,
  logger: { log: () => {}, warn: () => {} },
  retry: { attempts: 1, delay: () => new Promise(setImmediate) },
  clock: { now: () => new Date('2026-01-01T00:00:00Z') },
};
/** So little is kept in memory that all ways to the store are taken. */
const tight = { ...quiet, maxUnstored: 3, maxKept: 5 };

describe('a read model that is built anew', () => {
  let events: SqliteEventStore;
  let runners: ProjectionRunner[];
  const opened: SqliteReadStore[] = [];

  beforeEach(async () => {
    events = await SqliteEventStore.open(':memory:');
    runners = [];
    for (let i = 0; i < 24; i++) await add(`k${i % 7}`, i);
    await events.append('main.counter-k3', 'any', [{ ...added(0), type: 'counter.removed' }]);
  });
  afterEach(async () => {
    await Promise.all(runners.map((runner) => runner.stop()));
    await Promise.all([events.close(), ...opened.splice(0).map((store) => store.close())]);
  });

  const add = (key: string, by: number) => events.append(`main.counter-${key}`, 'any', [added(by)]);
  const open = async () => {
    const store = await SqliteReadStore.open(':memory:');
    opened.push(store);
    return store;
  };
  const start = async (projection: Counters, store: ReadStore, options = tight) => {
    const runner = new ProjectionRunner(projection, events, store, options);
    runners.push(runner);
    await runner.start();
    return runner;
  };
  const run = async (projection: Counters, store: ReadStore, options = tight) => {
    const runner = await start(projection, store, options);
    await upToDate(runner, events);
    return runner;
  };
  /** Documents, and what is parked, but for where pages end. */
  const contentOf = async (store: ReadStore) => {
    const parked = Object.values(await documentsOf(store, 'parked_events')) as ParkedKey[];
    const comparable = parked.map(({ projection, version, key, event, waiting }) => {
      return { projection, version, key, event, waiting };
    });
    return { documents: await documentsOf(store), parked: comparable };
  };
  const builtFromNothing = async (projection: Counters) => {
    const store = await open();
    await (await run(projection, store)).stop();
    return contentOf(store);
  };
  const recordOf = (store: ReadStore) => store.get<BuildRecord>(projectionBuilds.name, 'counters');

  it('is the old one until it takes over, in one step', async () => {
    const store = await open();
    await (await run(first, store)).stop();
    const before = await contentOf(store);
    const seen = new Set<string>();
    const watched = new DyingStore(Infinity, 'not done', async () => {
      seen.add(JSON.stringify(await documentsOf(store)));
    });
    await run(second, watched.reaching(store));
    const after = await builtFromNothing(second);
    expect(await contentOf(store)).toEqual(after);
    expect([...seen]).toEqual([JSON.stringify(before.documents), JSON.stringify(after.documents)]);
  });

  it.each<[string, boolean, Failing]>([
    ['SQLite', false, 'not done'],
    ['SQLite', false, 'done, unanswered'],
    ['a store without transactions', true, 'not done'],
    ['a store without transactions', true, 'done, unanswered'],
  ])(
    'comes to its end wherever it is killed, in %s (without transactions: %s), the last change %s',
    async (_name, inPieces, how) => {
      const expected = await builtFromNothing(second);
      let at = 1;
      for (let died = true; died; at++) {
        const store = await open();
        const positions: Positions = new Map();
        const whole = inPieces ? piecemeal(store, positions) : store;
        await (await run(first, whole)).stop();
        const before = await contentOf(store);

        const dying = new DyingStore(at, how);
        const reached = inPieces
          ? dying.reaching(
              piecemeal(store, positions, () => void dying.count()),
              ['define', 'drop', 'replace'],
            )
          : dying.reaching(store);
        const doomed = new ProjectionRunner(second, events, reached, tight);
        await doomed.start().catch(() => {});
        const head = await events.head();
        await eventually(async () => {
          if (dying.isDead) return true;
          const { state, position } = await doomed.status();
          return state === 'live' && position === head;
        });
        died = dying.isDead;
        await doomed.stop();
        const [left, { documents: old }] = [await documentsOf(store), before];
        expect([old, expected.documents]).toContainEqual(left);

        // Life goes on, though it changes nothing of what is expected.
        await add('k0', 0);

        await (await run(second, whole)).stop();
        expect(await contentOf(store)).toEqual(expected);
        expect(await store.checkpoint('counters')).toEqual({ position: await events.head(), version: 2 });
        await store.close();
        opened.splice(opened.indexOf(store), 1);
      }
      expect(at).toBeGreaterThan(20);
    },
    60_000,
  );

  it('of the same version leaves the live one as it is, which goes on meanwhile', async () => {
    const store = await open();
    const runner = await run(first, store);
    await store.write([{ collection: 'counters', id: 'k4', document: { broken: true } }]);
    await runBuilds('one', [first], events, store, { ...tight, signal: new AbortController().signal });
    expect(await recordOf(store)).toMatchObject({ operation: 'one', phase: 'ready' });
    await add('k5', 100);
    await upToDate(runner, events);
    expect(await store.get('counters', 'k4')).toEqual({ broken: true });

    await runner.look();
    await eventually(async () => (await recordOf(store))!.phase === 'done');
    await add('k6', 100);
    await upToDate(runner, events);
    expect(await contentOf(store)).toEqual(await builtFromNothing(first));
  });

  it('goes on where it was when it is asked for by the same name, and from nothing by another', async () => {
    const store = await open();
    for (let i = 0; i < 3_000; i++) void add(`k${i % 40}`, 1);
    await add('last', 1);
    const cut = async (operation: string, after: number) => {
      const abort = new AbortController();
      let [pages, from] = [0, ''];
      const onPage = (_events: number, position: string) => {
        from ||= position;
        if (++pages === after) abort.abort();
      };
      await runBuilds(operation, [first], events, store, { ...tight, signal: abort.signal, onPage }).catch(() => {});
      return Number(from);
    };
    const beginning = await cut('one', 2);
    expect(await cut('one', 1)).toBeGreaterThan(beginning);
    expect(await cut('two', 1)).toBe(beginning);
    expect(await cut('one', 1)).toBe(beginning);
  });

  it('reads the events once for several projections, and skips for each what it does not ask for', async () => {
    const store = await open();
    await events.append('main.other-a', 'any', [added(7)]);
    let reads = 0;
    const counted = new Proxy(events, {
      get(target, name: keyof SqliteEventStore) {
        const member: unknown = Reflect.get(target, name);
        if (name === 'readAll') reads++;
        return typeof member === 'function' ? (member.bind(target) as unknown) : member;
      },
    });
    const named = (name: string): Counters => ({ ...first, name, readModel: { name, indexes: [] } });
    const others: Counters = { ...named('others'), filter: { streamPrefixes: ['main.other-'] }, key: () => 'other' };
    const build = async (...projections: Counters[]) => {
      reads = 0;
      const name = projections.map(({ name }) => name).join();
      await runBuilds(name, projections, counted, store, { ...quiet, signal: new AbortController().signal });
      return reads;
    };
    // Each one asks for the first event of the store beside.
    const alone = (await build(named('a'))) - 1;
    expect(await build(named('b'), named('c'), others)).toBe(alone + 3);
    const collection = (await store.get<BuildRecord>(projectionBuilds.name, 'others'))!.collection;
    expect(await documentsOf(store, collection)).toEqual({ other: { sum: 7, revisions: [0] } });
  });

  it('stays paused where it was', async () => {
    const store = await open();
    const runner = await run(first, store);
    const before = await documentsOf(store);
    await store.write([{ collection: 'paused_projections', id: 'counters', document: { since: 'now' } }]);
    await runner.look();
    await eventually(async () => (await runner.status()).state === 'paused');
    await add('k5', 1);
    await runner.stop();
    const again = await start(first, store);
    await eventually(async () => (await again.status()).state === 'paused');
    expect(await documentsOf(store)).toEqual(before);
    await store.write([{ collection: 'paused_projections', id: 'counters', document: null }]);
    await again.look();
    await upToDate(again, events);
    expect(await contentOf(store)).toEqual(await builtFromNothing(first));
  });

  it('writes to the read store and to nothing else', async () => {
    const store = await open();
    await (await run(first, store)).stop();
    const head = await events.head();
    const changing: ReadonlySet<string> = new Set(['append', 'delete', 'setMetadata', 'restore']);
    const readOnly = new Proxy(events, {
      get(target, name: keyof SqliteEventStore) {
        if (changing.has(name)) throw new Error(`${name} was called.`);
        const member: unknown = Reflect.get(target, name);
        return typeof member === 'function' ? (member.bind(target) as unknown) : member;
      },
    });
    const runner = new ProjectionRunner(second, readOnly, store, tight);
    runners.push(runner);
    await runner.start();
    await upToDate(runner, events);
    expect(await events.head()).toBe(head);
    expect(await contentOf(store)).toEqual(await builtFromNothing(second));
  });
});
