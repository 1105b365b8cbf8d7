import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Global, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { Clock } from '#kernel/clock';
import type { Projection } from '#kernel/projection';
import { EVENT_STORE } from '#platform/event-store/event-store.port';
import { SqliteEventStore } from '#platform/event-store/sqlite-event-store.adapter';
import { hasEnded, type Operation } from '#platform/operations/operation';
import { OperationRun } from '#platform/operations/operation-run';
import { Operations } from '#platform/operations/operations';
import { READ_STORE } from '#platform/read-store/read-store.port';
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
import { CopyNotFound, CopyNotReady, ReadModelNotFound, TooManyCopies } from './as-of.errors.js';
import { AsOf, asOfCopies, AsOfWork, MOST_COPIES } from './as-of.js';
import { ProjectionOverviews } from '../projection-overviews.js';
import { PositionAhead } from '../projecting.errors.js';
import { ProjectingModule } from '../projecting.module.js';
import { ProjectionNotFound, RebuildRunning } from './rebuild.errors.js';
import { Rebuilds, RebuildWork } from './rebuilds.js';
import { RunningProjections } from '../running-projections.js';
import { systemStopwatch } from '../stopwatch.js';

type Counters = Projection<Counter, CounterEvent>;

const named = (name: string, version = 1): Counters => ({
  ...counters(),
  name,
  version,
  readModel: { name, indexes: [] },
});

describe('an application with projections', () => {
  let events: SqliteEventStore;
  let documents: SqliteReadStore;
  let closing: (() => Promise<void>)[];

  beforeEach(async () => {
    events = await SqliteEventStore.open(':memory:');
    documents = await SqliteReadStore.open(':memory:');
    closing = [];
    for (let i = 0; i < 30; i++) await add(`k${i % 4}`, 1);
  });
  afterEach(async () => {
    for (const close of closing) await close();
    await Promise.all([events.close(), documents.close()]);
  });

  const add = (key: string, by: number) => events.append(`main.counter-${key}`, 'any', [added(by)]);
  const start = async (...projections: Counters[]) => {
    const stores = [
      { provide: EVENT_STORE, useValue: events },
      { provide: READ_STORE, useValue: documents },
    ];
    @Global()
    @Module({ providers: stores, exports: stores })
    class Stores {}

    const imports = [Stores, ProjectingModule.forProjections(projections)];
    const application = await Test.createTestingModule({ imports }).compile();
    await application.init();
    const close = () => application.close();
    closing.push(close);
    return {
      close: async () => {
        closing.splice(closing.indexOf(close), 1);
        await close();
      },
      runner: (name: string) => application.get(RunningProjections).runner(name)!,
      operations: application.get(Operations),
      rebuilds: application.get(Rebuilds),
      overviews: application.get(ProjectionOverviews),
      asOf: application.get(AsOf),
    };
  };
  const last = async (operations: Operations, id: string): Promise<Operation> => {
    let latest: Operation | undefined;
    for await (const operation of operations.progress(id, new AbortController().signal)) latest = operation;
    return latest!;
  };

  it('builds all anew in one pass whose version grew, while what was there goes on answering', async () => {
    const before = await start(named('a'), named('b'), named('c'));
    for (const name of ['a', 'b', 'c']) await upToDate(before.runner(name), events);
    await before.close();

    const after = await start(named('a', 2), named('b', 2), named('c'));
    expect(await documents.count('a')).toBe(4);
    await eventually(async () => (await after.runner('a').status()).state !== 'rebuilding');
    for (const name of ['a', 'b', 'c']) await upToDate(after.runner(name), events);
    const { items } = await after.operations.list(10);
    expect(items).toHaveLength(1);
    expect(items[0]!.request).toEqual({ projections: ['a', 'b'], versions: [2, 2], because: 'stale' });
    expect(await last(after.operations, items[0]!.id)).toMatchObject({ state: 'done' });
    expect(await documents.checkpoint('a')).toMatchObject({ version: 2 });
    await after.close();

    // Nothing is left to do at the next start.
    const again = await start(named('a', 2), named('b', 2), named('c'));
    for (const name of ['a', 'b', 'c']) await upToDate(again.runner(name), events);
    expect((await again.operations.list(10)).items).toHaveLength(1);
  });

  it('has one rebuild of a projection at a time, and none of what is not there', async () => {
    const { rebuilds, operations } = await start(named('a'), named('b'));
    const { id } = await operations.request('rebuild', { projections: ['a'], versions: [9], because: 'request' });
    await expect(rebuilds.request(['b', 'a'])).rejects.toBeInstanceOf(RebuildRunning);
    await expect(rebuilds.request(['nothing'])).rejects.toBeInstanceOf(ProjectionNotFound);
    expect((await rebuilds.request(['b'])).state).toBe('pending');
    await operations.cancel(id);
    await last(operations, id);
    expect(await last(operations, (await rebuilds.request(['a'])).id)).toMatchObject({ state: 'done' });
  });

  it('tells how each is doing, also what builds it', async () => {
    const { runner, overviews, operations } = await start(named('a'));
    await upToDate(runner('a'), events);
    const { id } = await operations.request('rebuild', { projections: ['a'], versions: [9], because: 'request' });
    expect(await overviews.get('a')).toMatchObject({ readModel: 'a', paused: false, rebuild: id, lagEvents: 0 });
    await overviews.pause('a', true);
    await add('x', 1);
    await eventually(async () => (await overviews.get('a')).state === 'paused');
    expect(await overviews.get('a')).toMatchObject({ paused: true, lagEvents: 1 });
    await overviews.pause('a', false);
    await eventually(async () => (await overviews.get('a')).lagEvents === 0);
    await expect(overviews.get('x')).rejects.toBeInstanceOf(ProjectionNotFound);
  });

  describe('shows a read model as it was', () => {
    it('after the event at a position', async () => {
      const { position } = (await events.readAll({ limit: 6 })).events.at(-1)!;
      const { asOf, operations } = await start(named('a'));
      const { id } = await asOf.request('a', { position }, 60);
      expect(await last(operations, id)).toMatchObject({
        state: 'done',
        result: { position, documents: 4, readModel: 'a' },
      });
      const { items } = await asOf.query('a', id, { sort: { sum: -1 } });
      expect(items.map((item) => [item.id, item.document['sum']])).toEqual([
        ['k1', 2],
        ['k0', 2],
        ['k3', 1],
        ['k2', 1],
      ]);
      await expect(asOf.query('b', id, {})).rejects.toBeInstanceOf(CopyNotFound);
    });

    it('at a time, by when events were stored or by when they happened', async () => {
      const occurred = (at: string) => ({ ...added(100), metadata: { occurredAt: at } });
      await events.append('main.counter-old', 'any', [occurred('2001-05-05T00:00:00.000Z')]);
      await events.append('main.counter-old', 'any', [occurred('2003-05-05T00:00:00.000Z')]);
      const { asOf, operations } = await start(named('a'));
      const at = '2002-01-01T00:00:00Z';
      const byOccurrence = (await asOf.request('a', { at, clock: 'occurred' }, 60)).id;
      const byRecording = (await asOf.request('a', { at }, 60)).id;
      for (const id of [byOccurrence, byRecording]) expect(await last(operations, id)).toMatchObject({ state: 'done' });
      const { items } = await asOf.query('a', byOccurrence, {});
      expect(items).toEqual([{ id: 'old', document: { sum: 100, revisions: [0] } }]);
      expect((await asOf.query('a', byRecording, {})).items).toEqual([]);
    });

    it('until it expires, also when no process ran meanwhile', async () => {
      const first = await start(named('a'));
      const { id } = await first.asOf.request('a', { position: '3' }, 60);
      await last(first.operations, id);
      const { collection } = (await documents.get<{ collection: string }>(asOfCopies.name, id))!;
      await first.close();

      const inAMinute: Clock = { now: () => new Date(Date.now() + 61_000) };
      const operations = new Operations(documents);
      const asOf = new AsOf([named('a')], operations, documents, inAMinute, events);
      expect(await documents.count(collection)).toBe(3);
      await expect(asOf.query('a', id, {})).rejects.toBeInstanceOf(CopyNotFound);
      await new AsOfWork(asOf, operations, events, documents, inAMinute).expire();
      await expect(documents.count(collection)).rejects.toThrow(collection);
      expect(await documents.count(asOfCopies.name)).toBe(0);
    });

    it('in a limited number of copies, of what there is', async () => {
      const operations = new Operations(documents);
      const asOf = new AsOf([named('a')], operations, documents, { now: () => new Date() }, events);
      await expect(asOf.request('b', { position: '3' }, 60)).rejects.toBeInstanceOf(ReadModelNotFound);
      await expect(asOf.request('a', { position: '4000' }, 60)).rejects.toBeInstanceOf(PositionAhead);
      const ids = new Set<string>();
      for (let i = 0; i < MOST_COPIES; i++) ids.add((await asOf.request('a', { position: '3' }, 60)).id);
      expect(ids.size).toBe(MOST_COPIES);
      await expect(asOf.request('a', { position: '3' }, 60)).rejects.toBeInstanceOf(TooManyCopies);
      await expect(asOf.query('a', [...ids][0]!, {})).rejects.toBeInstanceOf(CopyNotReady);
    });

    it('goes on where it was when the process died in the middle', async () => {
      const operations = new Operations(documents);
      const asOf = new AsOf([named('a')], operations, documents, { now: () => new Date() }, events);
      const work = new AsOfWork(asOf, operations, events, documents, { now: () => new Date() });
      const { position } = (await events.readAll({ limit: 6 })).events.at(-1)!;
      const operation = await asOf.request('a', { position }, 60);
      const run: OperationRun = new OperationRun(operation, systemStopwatch, async () => run.interrupt());
      await expect(work.handle(operation, run)).rejects.toThrow();
      const { id } = operation;
      expect(await documents.get(asOfCopies.name, id)).toMatchObject({ expiresAt: null });
      const again = await start(named('a'));
      await eventually(async () => hasEnded(await again.operations.get(id)));
      expect(await again.operations.get(id)).toMatchObject({ state: 'done', result: { documents: 4 } });
      expect((await asOf.query('a', id, { filter: { sum: 2 } })).items.map((item) => item.id)).toEqual(['k0', 'k1']);
    });
  });

  it('ends a rebuild of what an upgrade has removed, says what to do, and leaves nothing of it', async () => {
    const both = [named('a'), named('b')];
    const before = await start(...both);
    for (const name of ['a', 'b']) await upToDate(before.runner(name), events);
    await before.close();
    const operations = new Operations(documents);
    const rebuilds = new Rebuilds(both, operations);
    const operation = await rebuilds.request(['a', 'b']);
    const work = new RebuildWork(rebuilds, new RunningProjections([]), events, documents);
    const run: OperationRun = new OperationRun(operation, systemStopwatch, async () => run.interrupt());
    await expect(work.handle(operation, run)).rejects.toThrow();
    const { collection } = (await documents.get<{ collection: string }>('projection_builds', 'b'))!;
    expect(await documents.count(collection)).toBeGreaterThanOrEqual(0);

    const after = await start(named('a'));
    await eventually(async () => hasEnded(await after.operations.get(operation.id)));
    const error = expect.stringMatching(/no projection 'b' any more: .* perdure projections rebuild a$/);
    expect(await after.operations.get(operation.id)).toMatchObject({ state: 'failed', error });
    await eventually(async () => (await documents.get('projection_builds', 'b')) === null);
    await expect(documents.count(collection)).rejects.toThrow(collection);
    await expect(documents.count(`${collection}/parked`)).rejects.toThrow(collection);
    expect(await last(after.operations, (await after.rebuilds.request(['a'])).id)).toMatchObject({ state: 'done' });
  });

  it('leaves nothing of builds and copies that are over', async () => {
    const { rebuilds, operations, runner } = await start(named('a'));
    await upToDate(runner('a'), events);
    for (let i = 0; i < 2; i++) await last(operations, (await rebuilds.request(['a'])).id);
    const { collection } = (await documents.get<{ collection: string }>('projection_builds', 'a'))!;
    await expect(documents.count(collection)).rejects.toThrow(collection);
    await expect(documents.count(`${collection}/parked`)).rejects.toThrow(collection);
    expect(await documentsOf(documents, 'operation_wishes')).toEqual({});
  });
});
