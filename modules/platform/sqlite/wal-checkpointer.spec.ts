import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SqliteDatabase } from './sqlite-database.js';

const ENOUGH = 2 ** 18;

describe('WAL checkpointer', () => {
  const folder = mkdtempSync(join(tmpdir(), 'perdure-'));
  const path = join(folder, 'store.db');
  let database: SqliteDatabase;
  const insert = () => database.write(() => database.prepare('INSERT INTO t VALUES (zeroblob(4000))').run());
  const logSize = () => Number(database.connection.prepare('PRAGMA wal_checkpoint(NOOP)').get()!['log']) * 4_096;

  beforeAll(() => {
    database = SqliteDatabase.open(path, { checkpointAfter: ENOUGH, durability: 'normal' });
    database.connection.exec('CREATE TABLE t (b)');
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('keeps the log short under steady writing', async () => {
    let begunAnew = 0;
    for (let before = 0; begunAnew < 3; before = logSize()) {
      await insert();
      if (logSize() < before) begunAnew++;
    }
    expect(logSize()).toBeLessThan(2 * ENOUGH);
  });

  it('lets the store finish and close in the middle of a checkpoint', async () => {
    const outcomes = Promise.all(Array.from({ length: 500 }, insert));
    await insert();
    const last = insert();
    await database.close();
    await Promise.all([outcomes, last]);
    expect(() => statSync(`${path}-wal`)).toThrow(/ENOENT/);

    const reopened = SqliteDatabase.open(path);
    expect(reopened.connection.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
    await reopened.close();
  });
});
