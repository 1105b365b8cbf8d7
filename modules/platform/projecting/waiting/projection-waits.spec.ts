import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { START } from '#kernel/event';
import { SqliteEventStore } from '#platform/event-store/sqlite-event-store.adapter';
import type { ReadStore } from '#platform/read-store/read-store.port';
import { SqliteReadStore } from '#platform/read-store/sqlite-read-store.adapter';
import { added, counters, upToDate } from '#test/support/counter-projection';
import { ManualStopwatch, atRest } from '#test/support/manual-stopwatch';
import { eventOrigins } from '../event-origin.js';
import { PositionAhead, ProjectionBehind } from '../projecting.errors.js';
import { MOST_WAITING, ProjectionWaits } from './projection-waits.js';
import { ProjectionRunner } from '../projection-runner.js';

describe('waiting for a read model', () => {
  let events: SqliteEventStore;
  let documents: SqliteReadStore;
  let stopwatch: ManualStopwatch;
  let runners: ProjectionRunner[];
  let gate: { open(): void };

  beforeEach(async () => {
    events = await SqliteEventStore.open(':memory:');
    documents = await SqliteReadStore.open(':memory:');
    stopwatch = new ManualStopwatch();
    await documents.define(eventOrigins);
    runners = [];
    gate = { open() {} };
  });
  afterEach(async () => {
    gate.open();
    await Promise.all(runners.map((runner) => runner.stop()));
    await Promise.all([events.close(), documents.close()]);
  });

  const run = async (projection = counters(), store: ReadStore = documents) => {
    const runner = new ProjectionRunner(projection, events, store, { logger: { log() {}, warn() {} } });
    runners.push(runner);
    await runner.start();
    return runner;
  };
  const add = async (key: string, by = 1) => (await events.append(`main.counter-${key}`, 'any', [added(by)])).position;
  const here = (runner: ProjectionRunner) => new ProjectionWaits([runner], events, documents, undefined, stopwatch);
  /** A process that leaves the projection to others. */
  const elsewhere = () => new ProjectionWaits([{ projection: counters() }], events, documents, undefined, stopwatch);

  /** The same store, in which every write of documents has to wait until the gate opens. */
  const gated = (): ReadStore => {
    const opened = Promise.withResolvers<void>();
    gate = { open: () => opened.resolve() };
    return new Proxy<ReadStore>(documents, {
      get(target, name: keyof ReadStore) {
        if (name !== 'write') return name === 'shared' ? target.shared : target[name].bind(target);
        return async (...args: Parameters<ReadStore['write']>) => {
          await opened.promise;
          return target.write(...args);
        };
      },
    });
  };

  it('is over at once where the projection has come so far', async () => {
    const after = await add('a');
    const runner = await run();
    await upToDate(runner, events);
    await here(runner).reached(['counters'], after, { milliseconds: 0 });
    await elsewhere().reached(['counters'], after, { milliseconds: 0 });
  });

  it('is over when the document is there to be read', async () => {
    const runner = await run(counters(), gated());
    const after = await add('a');
    const waits = here(runner);
    let over = false;
    const waiting = waits.reached(['counters'], after).then(() => (over = true));
    await atRest();
    expect([over, waits.waiting]).toEqual([false, 1]);
    gate.open();
    await waiting;
    expect(await documents.get('counters', 'a')).toMatchObject({ sum: 1 });
    expect(waits.waiting).toBe(0);
  });

  it('sees by the stored checkpoint what another process projects', async () => {
    const runner = await run(counters(), gated());
    const after = await add('a');
    const waiting = elsewhere().reached(['counters'], after);
    await atRest();
    gate.open();
    await upToDate(runner, events);
    await stopwatch.advance(25);
    await waiting;
    expect(await documents.get('counters', 'a')).toMatchObject({ sum: 1 });
  });

  it.each(['here', 'elsewhere'])('takes no place in another event store for one in this (run %s)', async (where) => {
    for (let i = 0; i < 5; i++) await add('a');
    const before = await run();
    await upToDate(before, events);
    await before.stop();
    await events.close();
    events = await SqliteEventStore.open(':memory:');
    const after = await add('a');
    const rebuilding = where === 'here' ? here(await run(counters(), gated())) : elsewhere();
    await expect(rebuilding.reached(['counters'], after, { milliseconds: 0 })).rejects.toThrow(ProjectionBehind);
  });

  it('does not wait for events that the projection passes over', async () => {
    // Nobody runs it: its checkpoint stays where it is, before the first event.
    for (let i = 0; i < 250; i++) await events.append('main.other-a', 'any', [added(i)]);
    await elsewhere().reached(['counters'], await events.head(), { milliseconds: 0 });

    const after = await add('a');
    const ignored = (await events.append('main.other-a', 'any', [added(1)])).position;
    for (const position of [after, ignored]) {
      await expect(elsewhere().reached(['counters'], position, { milliseconds: 0 })).rejects.toThrow(ProjectionBehind);
    }
  });

  it('nor for events that its filter lets pass and its key does not', async () => {
    const projection = { ...counters(), filter: undefined, key: () => null };
    const waits = new ProjectionWaits([{ projection }], events, documents, undefined, stopwatch);
    await waits.reached(['counters'], await add('a'), { milliseconds: 0 });
  });

  it('says after its time how far the projection is behind', async () => {
    const runner = await run(counters(), gated());
    await add('a');
    await events.append('main.other-a', 'any', [added(1)]);
    const after = await add('b');
    const waiting = here(runner).reached(['counters'], after, { milliseconds: 2_000 });
    const failure = waiting.catch((error: unknown) => error);
    await stopwatch.advance(1_999);
    await atRest();
    await stopwatch.advance(1);
    const behind = (await failure) as ProjectionBehind;
    expect(behind).toBeInstanceOf(ProjectionBehind);
    expect(behind.members).toMatchObject({ projection: 'counters', position: START, lagEvents: 2 });
    expect(behind.members['lagSeconds']).toBeGreaterThanOrEqual(0);
    expect(behind.message).toContain(`'counters' is 2 events and`);
    expect(behind.retryAfter).toBeGreaterThanOrEqual(1);
  });

  it('names a failure that the projection cannot get past', async () => {
    const runner = await run();
    await upToDate(runner, events);
    const failing = { projection: counters(), progress: { position: START, state: 'failing' as const, error: 'No.' } };
    const waits = new ProjectionWaits([failing], events, documents, undefined, stopwatch);
    const after = await add('a');
    await expect(waits.reached(['counters'], after, { milliseconds: 0 })).rejects.toMatchObject({
      retryAfter: 30,
      members: { state: 'failing' },
      message: expect.stringContaining('when that is mended: No.'),
    });
  });

  it('is not held up by a parked key', async () => {
    const refusing = counters(({ stream }) => stream === 'main.counter-a');
    const runner = new ProjectionRunner(refusing, events, documents, {
      logger: { log() {}, warn() {} },
      retry: { attempts: 1, delay: () => Promise.resolve() },
    });
    runners.push(runner);
    await runner.start();
    await here(runner).reached(['counters'], await add('a'));
    expect(await documents.count('parked_events')).toBe(1);
  });

  it('refuses a place that the store does not have', async () => {
    const runner = await run();
    await add('a');
    await upToDate(runner, events);
    await expect(here(runner).reached(['counters'], '2')).rejects.toThrow(PositionAhead);
    await expect(here(runner).reached([], '2')).rejects.toThrow(PositionAhead);
    await here(runner).reached([], '1');
  });

  it('ends when whoever asks has gone', async () => {
    const runner = await run(counters(), gated());
    const waits = here(runner);
    const gone = new AbortController();
    const waiting = waits.reached(['counters'], await add('a'), { signal: gone.signal });
    await atRest();
    gone.abort(new Error('gone'));
    await expect(waiting).rejects.toThrow('gone');
    expect(waits.waiting).toBe(0);
  });

  it('ends when the process ends, and is not begun any more', async () => {
    const runner = await run(counters(), gated());
    const waits = here(runner);
    const after = await add('a');
    const waiting = waits.reached(['counters'], after);
    await atRest();
    waits.end();
    await expect(waiting).rejects.toMatchObject({ why: 'ending', retryAfter: 1 });
    await expect(waits.reached(['counters'], after)).rejects.toMatchObject({ why: 'ending' });
  });

  it('shares its looks among all who wait, and has room for so many', async () => {
    const runner = await run(counters(), gated());
    const after = await add('a');
    let looks = 0;
    const counting = new Proxy(events, {
      get(target, name: keyof SqliteEventStore) {
        if (name === 'readAll') looks++;
        return name === 'shared' ? target.shared : target[name].bind(target);
      },
    });
    const waits = new ProjectionWaits([runner], counting, documents, undefined, stopwatch);
    const waiting = Array.from({ length: MOST_WAITING }, () => waits.reached(['counters'], after));
    await atRest();
    expect(looks).toBeLessThan(5);
    await expect(waits.reached(['counters'], after)).rejects.toMatchObject({ why: 'crowded' });
    gate.open();
    await Promise.all(waiting);
  });
});
