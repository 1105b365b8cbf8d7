import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { JsonObject } from '#kernel/json';
import { StoreUnavailable } from '#platform/event-store/event-store.errors';
import { Leases } from '#platform/projecting/leases';
import { SqliteReadStore } from '#platform/read-store/sqlite-read-store.adapter';
import { ManualStopwatch } from '#test/support/manual-stopwatch';
import { OperationEnded, OperationNotFound, OperationNotStopped } from './operation.errors.js';
import { hasEnded, type Operation } from './operation.js';
import type { OperationRun } from './operation-run.js';
import { OperationWorker, type OperationWorkerOptions } from './operation-worker.js';
import { Operations } from './operations.js';

const quiet: OperationWorkerOptions = { logger: { log: () => {}, warn: () => {} } };

describe('long work', () => {
  let documents: SqliteReadStore;
  let operations: Operations;
  let workers: OperationWorker[];
  /** What the handler of `count` waits for before each step. */
  let step: () => Promise<unknown>;

  beforeEach(async () => {
    documents = await SqliteReadStore.open(':memory:');
    operations = new Operations(documents);
    workers = [];
    step = async () => {};
  });
  afterEach(async () => {
    await Promise.all(workers.map((worker) => worker.stop()));
    await documents.close();
  });

  /** Counts to ten; goes on where it was noted to be. */
  const count = async (operation: Operation, run: OperationRun): Promise<JsonObject> => {
    for (let i = operation.done; i < 10;) {
      await step();
      run.signal.throwIfAborted();
      run.progress(++i, 10);
    }
    return { counted: 10, from: operation.done };
  };
  const start = async (handler = count, options = quiet, asked = operations) => {
    const worker = new OperationWorker(asked, documents, options);
    worker.handle('count', handler);
    workers.push(worker);
    await worker.start();
    return worker;
  };
  const last = async (id: string): Promise<Operation> => {
    let latest: Operation | undefined;
    for await (const operation of operations.progress(id, new AbortController().signal)) latest = operation;
    return latest!;
  };
  const until = async (id: string, holds: (operation: Operation) => boolean): Promise<Operation> => {
    for await (const operation of operations.progress(id, new AbortController().signal)) {
      if (holds(operation)) return operation;
    }
    throw new Error(`It came to ${JSON.stringify(await operations.get(id))}.`);
  };
  const gate = () => {
    const open = Promise.withResolvers<void>();
    const reached = Promise.withResolvers<void>();
    step = async () => {
      reached.resolve();
      await open.promise;
    };
    return { open: open.resolve, reached: reached.promise };
  };

  it('is noted, carried out, and tells what came of it', async () => {
    const asked = await operations.request('count', { to: 10 });
    expect(asked).toMatchObject({ state: 'pending', kind: 'count', request: { to: 10 }, done: 0, startedAt: null });
    await start();
    expect(await last(asked.id)).toMatchObject({
      state: 'done',
      done: 10,
      total: 10,
      result: { counted: 10 },
      error: null,
    });
    expect(await operations.get(asked.id)).toMatchObject({
      startedAt: expect.any(String),
      endedAt: expect.any(String),
    });
  });

  it('begins at once when it is asked for in the process of the worker', async () => {
    await start();
    const { id } = await operations.request('count', {});
    expect(await last(id)).toMatchObject({ state: 'done' });
  });

  it('is listed, the newest first', async () => {
    const ids: string[] = [];
    for (let i = 0; i < 3; i++) {
      ids.push((await operations.request('count', { i })).id);
      await new Promise((resolve) => setTimeout(resolve, 2)); // times of asking differ
    }
    const { items, next } = await operations.list(2);
    expect(items.map(({ id }) => id)).toEqual([ids[2], ids[1]]);
    expect((await operations.list(2, next)).items.map(({ id }) => id)).toEqual([ids[0]]);
    expect((await operations.list(5, undefined, { state: 'done' })).items).toEqual([]);
  });

  it('stops when it is cancelled, and goes on when it is resumed', async () => {
    const held = gate();
    await start();
    const { id } = await operations.request('count', {});
    await held.reached;
    await expect(operations.resume(id)).rejects.toBeInstanceOf(OperationNotStopped);
    await operations.cancel(id);
    held.open();
    expect(await last(id)).toMatchObject({ state: 'cancelled', result: null, endedAt: expect.any(String) });
    step = async () => {};
    await operations.resume(id);
    expect(await until(id, ({ state }) => state === 'done')).toMatchObject({ result: { counted: 10 } });
    await expect(operations.cancel(id)).rejects.toBeInstanceOf(OperationEnded);
  });

  it('is cancelled before it has begun, also where no worker runs yet', async () => {
    const { id } = await operations.request('count', {});
    await operations.cancel(id);
    await start();
    expect(await last(id)).toMatchObject({ state: 'cancelled', startedAt: null, done: 0 });
  });

  it('fails with what its handler says, and can be tried again', async () => {
    let broken = true;
    await start(async (operation, run) => {
      if (broken) throw new Error('It is broken.');
      return count(operation, run);
    });
    const { id } = await operations.request('count', {});
    expect(await last(id)).toMatchObject({ state: 'failed', error: 'It is broken.' });
    broken = false;
    await operations.resume(id);
    expect(await until(id, ({ state }) => state === 'done')).toMatchObject({ error: null });
  });

  it('waits for a store that cannot answer, and says so', async () => {
    let times = 0;
    await start(async (operation, run) => {
      if (++times < 3) throw new StoreUnavailable('The disk is full.');
      return count(operation, run);
    });
    const { id } = await operations.request('count', {});
    expect(await until(id, ({ error }) => error !== null)).toMatchObject({
      state: 'running',
      error: 'The disk is full.',
    });
    expect(await last(id)).toMatchObject({ state: 'done', error: null });
  });

  it('goes on in the next worker when one stops in the middle', async () => {
    const held = gate();
    const first = await start();
    const { id } = await operations.request('count', {});
    await held.reached;
    const stopping = first.stop();
    held.open();
    await stopping;
    expect(await operations.get(id)).toMatchObject({ state: 'running' });
    step = async () => {};
    await start();
    expect(await last(id)).toMatchObject({ state: 'done', done: 10 });
  });

  it('is carried out by one of several processes, and by another when that one dies', async () => {
    const stopwatch = new ManualStopwatch();
    const begun: string[] = [];
    const never = new Promise<never>(() => {});
    const process = (owner: string, handler: (run: OperationRun) => Promise<JsonObject>) => {
      const leases = new Leases(documents, { owner, stopwatch });
      const named = async (_: Operation, run: OperationRun): Promise<JsonObject> => {
        begun.push(owner);
        return handler(run);
      };
      return start(named, { ...quiet, leases, stopwatch }, new Operations(documents));
    };
    const leave = (run: OperationRun) =>
      Promise.race([
        never,
        new Promise<never>((_, reject) => run.signal.addEventListener('abort', () => reject(new Error()))),
      ]);
    await process('one', leave);
    await stopwatch.advance(100);
    await process('two', async () => ({ by: 'two' }));
    const { id } = await operations.request('count', {});
    while (begun.length === 0) await stopwatch.advance(500);
    expect(begun).toEqual(['one']);
    // As if it had died: somebody else has its lease, and leaves it alone.
    const lease = (await documents.lease('operations'))!;
    await documents.swapLease('operations', lease, { owner: 'nobody', token: lease.token + 1, beat: 0 });
    while (!hasEnded(await operations.get(id))) await stopwatch.advance(500);
    expect(await operations.get(id)).toMatchObject({ state: 'done', result: { by: 'two' } });
  });

  it('is forgotten a month after its end, when a worker starts', async () => {
    await start();
    const { id } = await operations.request('count', {});
    await last(id);
    const clock = { now: () => new Date(Date.now() + 31 * 86_400_000) };
    await (await start()).stop();
    expect(await operations.get(id)).toMatchObject({ state: 'done' });
    await start(count, { ...quiet, clock });
    await last((await operations.request('count', {})).id);
    await expect(operations.get(id)).rejects.toBeInstanceOf(OperationNotFound);
  });

  it('that nobody asked for is not found', async () => {
    await expect(operations.get('x')).rejects.toBeInstanceOf(OperationNotFound);
    await expect(operations.cancel('x')).rejects.toBeInstanceOf(OperationNotFound);
  });

  it('of a kind that this version does not know is left to another one', async () => {
    const { id } = await operations.request('unknown', {});
    await start();
    expect(await last((await operations.request('count', {})).id)).toMatchObject({ state: 'done' });
    expect(await operations.get(id)).toMatchObject({ state: 'pending' });
  });
});
