import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { systemIds } from '#kernel/ids';
import { SqliteEventStore } from '#platform/event-store/sqlite-event-store.adapter';
import { StoreUnusable } from '#platform/sqlite/sqlite.errors';
import { StoreProcess } from '#test/support/store-process';

const NOBODY = 65_534;
const root = mkdtempSync(join(tmpdir(), 'perdure-'));
afterAll(() => rmSync(root, { recursive: true }));

describe('a store file that cannot be used is refused and left as it was:', () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(root, 'store-'));
    path = join(folder, 'store.db');
  });

  it('one of a newer version', async () => {
    await makeStore(path);
    const newer = new DatabaseSync(path);
    newer.exec("UPDATE schema_versions SET version = version + 1 WHERE component = 'event-store'");
    newer.close();
    await expectRefusal('store-too-new', /knows \d+\. Update Perdure/);
  });

  it('one that another Perdure has open', async () => {
    await makeStore(path);
    const other = new StoreProcess(path);
    expect(await other.line()).toEqual({ opened: true });
    await expectRefusal('store-locked', /Stop that process/);
    await other.kill();
  });

  it('one that another program has locked', async () => {
    await makeStore(path);
    const script = `new (require('node:sqlite').DatabaseSync)(process.argv[1]).exec('BEGIN IMMEDIATE');
      setInterval(() => {}, 60_000); console.log('locked');`;
    const other = spawn(process.execPath, ['-e', script, path]);
    await once(other.stdout, 'data');
    await expectRefusal('store-locked', /Stop that process/);
    other.kill('SIGKILL');
    await once(other, 'exit');
  });

  it('one that is read-only', async () => {
    await makeStore(path);
    chmodSync(path, 0o444);
    chmodSync(root, 0o755);
    chmodSync(folder, 0o777);
    const before = fingerprint(folder);
    const uid = process.getuid!() === 0 ? NOBODY : 0;
    expect(await new StoreProcess(path, { uid }).line()).toEqual({ refused: 'store-read-only' });
    expect(fingerprint(folder)).toEqual(before);
  });

  it.each([1, 8192 * 3, 8192 * 5 + 100])('one that lacks its last %d bytes', async (bytes) => {
    await makeStore(path);
    truncateSync(path, statSync(path).size - bytes);
    await expectRefusal('store-truncated', /cut off.*Restore it from a backup/);
  });

  it('one that was cut off beside a write-ahead log that does not have the rest', async () => {
    await makeStore(path);
    const store = await SqliteEventStore.open(path);
    await store.append('main.task-b', 'none', [event()]);
    for (const file of ['', '-wal']) copyFileSync(`${path}${file}`, join(folder, `copy.db${file}`));
    await store.close();
    path = join(folder, 'copy.db');
    truncateSync(path, 8192 * 6);
    await expectRefusal('store-truncated', /cut off/);
  });

  it.each(['not a store', 'x'.repeat(100_000)])('one of text', async (text) => {
    writeFileSync(path, text);
    await expectRefusal('store-foreign', /Name another file/);
  });

  it('one of another program that uses SQLite', async () => {
    const foreign = new DatabaseSync(path);
    foreign.exec('CREATE TABLE streams (id)');
    foreign.close();
    await expectRefusal('store-foreign', /of another program/);
  });

  it('one whose tables are damaged', async () => {
    await makeStore(path);
    const bytes = readFileSync(path);
    writeFileSync(path, bytes.fill(0xff, 100, 8192));
    await expectRefusal('store-damaged', /Restore it from a backup/);
  });

  async function expectRefusal(code: string, message: RegExp): Promise<void> {
    const before = fingerprint(folder);
    const refusal: unknown = await SqliteEventStore.open(path).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(StoreUnusable);
    expect(refusal).toMatchObject({ code });
    expect((refusal as Error).message).toMatch(message);
    expect(fingerprint(folder)).toEqual(before);
  }
});

describe('a store file that looks unusable, but is not,', () => {
  it('has the rest of its pages in the write-ahead log after a kill', async () => {
    const folder = mkdtempSync(join(root, 'store-'));
    const store = await SqliteEventStore.open(join(folder, 'store.db'));
    await store.append('main.task-a', 'none', [event(), event()]);
    for (const file of ['', '-wal']) copyFileSync(join(folder, `store.db${file}`), join(folder, `copy.db${file}`));
    await store.close();

    const copy = await SqliteEventStore.open(join(folder, 'copy.db'));
    expect((await copy.readAll()).events).toHaveLength(2);
    await copy.close();
  });
});

function event() {
  return { id: systemIds.next(), type: 'task.changed', data: { text: 'x'.repeat(2_000) }, metadata: {} };
}

/** A store of some twenty pages. */
async function makeStore(path: string): Promise<void> {
  const store = await SqliteEventStore.open(path);
  await store.append('main.task-a', 'none', Array.from({ length: 50 }, event));
  await store.close();
}

/** Names and digests of all files but the lock, which is ours, and SQLite's shared memory, which the log makes again. */
function fingerprint(folder: string): Record<string, string> {
  const files = readdirSync(folder).filter((file) => !/-(owner|shm)$/.test(file));
  const digest = (file: string) =>
    createHash('sha256')
      .update(readFileSync(join(folder, file)))
      .digest('hex');
  return Object.fromEntries(files.map((file) => [file, digest(file)]));
}
