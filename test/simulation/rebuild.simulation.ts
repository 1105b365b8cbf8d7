import { afterAll, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { DatabaseSync } from 'node:sqlite';
import { SqliteEventStore } from '#platform/event-store/sqlite-event-store.adapter';
import { OperationWorker } from '#platform/operations/operation-worker';
import { Operations } from '#platform/operations/operations';
import { hasEnded, type Operation } from '#platform/operations/operation';
import type { BuildRecord } from '#platform/projecting/building/build-record';
import { ProjectionRunner } from '#platform/projecting/projection-runner';
import { REBUILD, Rebuilds, RebuildWork } from '#platform/projecting/building/rebuilds';
import { RunningProjections } from '#platform/projecting/running-projections';
import type { ReadStore } from '#platform/read-store/read-store.port';
import { SqliteReadStore } from '#platform/read-store/sqlite-read-store.adapter';
import { added, documentsOf, upToDate } from '#test/support/counter-projection';
import { mulberry32 } from '#test/support/mulberry32';
import { freePort, PerdureProcess } from '#test/support/perdure-process';
import { oneKeyFails, repeatable } from '#test/support/projecting-program';

const SEED = Number(process.env['PERDURE_SEED'] ?? 20261121);
/** Events that are there before. */
const PAST = 30_000;
/** Writes in a hundredth of a second. */
const AT_ONCE = 10;

const folder = mkdtempSync(join(tmpdir(), 'perdure-'));
afterAll(async () => {
  await PerdureProcess.killAll();
  rmSync(folder, { recursive: true });
});

describe('a rebuild while a thousand events a second are written', () => {
  it(`comes to what is built from nothing, and the live read model never stood still (PERDURE_SEED=${SEED})`, async () => {
    const path = join(folder, 'load.db');
    const events = await SqliteEventStore.open(path);
    const documents = await SqliteReadStore.open(path);
    const random = mulberry32(SEED);
    const append = (count: number) =>
      Promise.all(
        Array.from({ length: count }, () => {
          const event = added(Math.floor(random() * 9));
          const type = random() < 0.02 ? 'counter.removed' : event.type;
          return events.append(`main.counter-k${Math.floor(random() * 2_000)}`, 'any', [{ ...event, type }]);
        }),
      );
    for (let i = 0; i < PAST; i += 500) await append(500);

    const projection = oneKeyFails;
    const runner = new ProjectionRunner(projection, events, documents, { ...repeatable, pageSize: 2_000 });
    const running = new RunningProjections([runner]);
    const operations = new Operations(documents);
    const worker = new OperationWorker(operations, documents, { logger: { log: () => {}, warn: () => {} } });
    const rebuilds = new Rebuilds([projection], operations);
    worker.handle(REBUILD, new RebuildWork(rebuilds, running, events, documents).handle);
    await running.onApplicationBootstrap();
    await worker.start();
    await upToDate(runner, events);

    let written = 0;
    let isOver = false;
    const load = (async () => {
      while (!isOver) {
        await Promise.all([append(AT_ONCE), setTimeout(10)]);
        written += AT_ONCE;
      }
    })();
    const { id } = await rebuilds.request([projection.name]);
    const seen = new Set<string>();
    let last: Operation | undefined;
    for await (const operation of operations.progress(id, new AbortController().signal)) {
      last = operation;
      seen.add((await documents.checkpoint(projection.name))!.position);
    }
    isOver = true;
    await load;
    expect(last).toMatchObject({ state: 'done', error: null });
    expect(last!.done).toBeGreaterThanOrEqual(PAST);
    expect(written).toBeGreaterThan(AT_ONCE);
    expect(seen.size).toBeGreaterThan(1);
    await upToDate(runner, events);
    await worker.stop();
    await runner.stop();

    const fresh = await SqliteReadStore.open(':memory:');
    const builder = new ProjectionRunner(projection, events, fresh, { ...repeatable, pageSize: 2_000 });
    await builder.start();
    await upToDate(builder, events);
    await builder.stop();
    expect(await documents.count('counters')).toBeGreaterThan(1_500);
    expect(await digest(documents)).toBe(await digest(fresh));
    await Promise.all([events.close(), documents.close(), fresh.close()]);
  }, 120_000);
});

describe('a rebuild in a process that is killed', () => {
  it('goes on at the next start, from where it was', async () => {
    const data = join(folder, 'killed');
    const env = { PORT: await freePort(), PERDURE_DATA: data, PERDURE_LOG: 'error' };
    const url = `http://localhost:${env.PORT}`;
    const get = async <T>(path: string): Promise<T> => (await (await fetch(url + path)).json()) as T;
    const operation = (id: string) => get<Operation>(`/api/v1/operations/${id}`);
    const start = async () => {
      const process = new PerdureProcess(['start'], env);
      await process.up();
      return process;
    };
    const until = async <T>(ask: () => Promise<T>, holds: (answer: T) => boolean): Promise<T> => {
      for (;;) {
        const answer = await ask();
        if (holds(answer)) return answer;
      }
    };

    // Makes the file, with everything that the program puts into it.
    await (await start()).kill('SIGTERM');
    const path = join(data, 'perdure.db');
    await fill(path, 40_000);
    let perdure = await start();
    const projection = () => get<{ state: string; lagEvents: number }>('/api/v1/projections/things');
    await until(projection, ({ state, lagEvents }) => state === 'live' && lagEvents === 0);
    const asked = await fetch(`${url}/api/v1/projections/things/rebuilds`, { method: 'POST' });
    const { id } = (await asked.json()) as Operation;
    // Parts of it are stored as it goes on: the checkpoint of the build tells of them.
    await until(
      async () => {
        const { state, done } = await operation(id);
        expect(state === 'pending' || state === 'running').toBe(true);
        return done;
      },
      (done) => done > 0,
    );
    await perdure.kill('SIGKILL');
    const before = digestOfFile(path, 'things');
    const begun = collectionOfBuild(path);
    expect(before.documents).toBe(4_000);

    perdure = await start();
    const last = await until(() => operation(id), hasEnded);
    expect(last).toMatchObject({ state: 'done', result: { projections: [{ name: 'things' }] } });
    await perdure.kill('SIGTERM');
    expect(digestOfFile(path, 'things')).toEqual(before);
    // What was begun has come to its end: it was not begun anew.
    expect(collectionOfBuild(path)).toBe(begun);
  }, 180_000);
});

async function digest(documents: ReadStore): Promise<string> {
  const parked = Object.values(await documentsOf(documents, 'parked_events')) as { key: string; waiting: object }[];
  const content = [await documentsOf(documents), parked.map(({ key, waiting }) => ({ key, waiting }))];
  return createHash('sha256').update(JSON.stringify(content)).digest('hex');
}

async function fill(path: string, count: number): Promise<void> {
  const store = await SqliteEventStore.open(path, { durability: 'normal' });
  const metadata = {
    tenant: 'main',
    actor: { type: 'user', id: 'u1' },
    schemaVersion: 1,
    occurredAt: '2026-01-01T00:00:00.000Z',
  };
  for (let i = 0; i < count; i += 500) {
    const appends = Array.from({ length: 500 }, (_, j) => {
      const n = i + j;
      const { id } = added(n);
      const data = n < 4_000 ? { data: { n } } : { patch: { n } };
      const type = n < 4_000 ? 'Order.created' : 'Order.updated';
      const ids = { commandId: id, correlationId: id, causationId: id };
      return store.append(`main.Order-o${n % 4_000}`, 'any', [{ id, type, data, metadata: { ...metadata, ...ids } }]);
    });
    await Promise.all(appends);
  }
  await store.close();
}

/** A collection as it lies in the file, with no process at work. */
function rowsOfFile(path: string, collection: string): { id: string; document: string }[] {
  const file = new DatabaseSync(path);
  const row = file.prepare('SELECT definition FROM read_collections WHERE name = ?').get(collection)!;
  const { table } = JSON.parse(row['definition'] as string) as { table: string };
  const rows = file.prepare(`SELECT id, document FROM "${table}" ORDER BY id`).all();
  file.close();
  return rows as { id: string; document: string }[];
}

function collectionOfBuild(path: string): string {
  const row = rowsOfFile(path, 'projection_builds').find(({ id }) => id === 'things')!;
  return (JSON.parse(row.document) as BuildRecord).collection;
}

function digestOfFile(path: string, collection: string): { documents: number; sha256: string } {
  const rows = rowsOfFile(path, collection);
  const sha256 = createHash('sha256').update(JSON.stringify(rows)).digest('hex');
  return { documents: rows.length, sha256 };
}
