import { afterAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { SqliteReadStore } from '#platform/read-store/sqlite-read-store.adapter';
import { readStoreContract, reopeningContract } from './read-store/read-store-contract.js';

const folder = mkdtempSync(join(tmpdir(), 'perdure-'));
afterAll(() => rmSync(folder, { recursive: true }));

let opened = 0;
const file = (name = `store${opened++}`): string => join(folder, `${name}.db`);
const openFile = (name?: string): Promise<SqliteReadStore> =>
  SqliteReadStore.open(file(name), { durability: 'normal' });

readStoreContract('SQLite in memory', () => SqliteReadStore.open(':memory:'));
readStoreContract('a SQLite file', openFile);
reopeningContract('a SQLite file', openFile);

describe('a SQLite file', () => {
  it('is sound for any other program that knows SQLite', async () => {
    const path = file('sound');
    const store = await SqliteReadStore.open(path);
    await store.define({ name: 'things', indexes: [{ fields: ['v'] }, { fields: ['v', 'it\'s "odd"'] }] });
    const values = [null, -1, 'a', 'ß', { x: 1 }, [1], true];
    await store.write(values.map((v, i) => ({ collection: 'things', id: `d${i}`, document: { v } })));
    await store.close();
    const plain = new DatabaseSync(path);
    expect(plain.prepare('PRAGMA integrity_check').all()).toEqual([{ integrity_check: 'ok' }]);
    const found = plain.prepare(`SELECT id FROM c1_things WHERE document ->> '$.v' = 'ß'`).all();
    expect(found).toEqual([{ id: 'd3' }]);
    plain.close();
  });

  it('is left alone where a newer Perdure wrote it', async () => {
    const path = file('newer');
    await (await SqliteReadStore.open(path)).close();
    const plain = new DatabaseSync(path);
    plain.exec(`UPDATE schema_versions SET version = 99 WHERE component = 'read-store'`);
    plain.close();
    await expect(SqliteReadStore.open(path)).rejects.toMatchObject({ code: 'store-too-new' });
  });
});
