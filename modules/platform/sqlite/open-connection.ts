import { accessSync, closeSync, constants, existsSync, fsyncSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { APPLICATION_ID, refuseForeign, refuseTruncated } from './file-inspection.js';
import { unusable } from './sqlite.errors.js';

export interface OwnedConnection {
  readonly connection: DatabaseSync;
  close(): void;
}

/**
 * Opens a store file for writing, as its only owner. Throws StoreUnusable for a file that is not a store, is truncated,
 * read-only or in use, before anything in it is changed.
 */
export function openConnection(path: string): OwnedConnection {
  if (path === ':memory:') {
    const connection = new DatabaseSync(':memory:');
    return { connection, close: () => connection.close() };
  }
  try {
    mkdirSync(dirname(path), { recursive: true });
    for (const place of existsSync(path) ? [path, dirname(path)] : [dirname(path)])
      accessSync(place, constants.R_OK | constants.W_OK);
  } catch (error) {
    throw unusable(path, error);
  }
  refuseForeign(path);
  const owner = takeOwnership(path);
  try {
    refuseTruncated(path);
    const connection = configure(path);
    return {
      connection,
      close() {
        connection.close();
        owner.close();
      },
    };
  } catch (error) {
    owner.close();
    throw unusable(path, error);
  }
}

/**
 * A lock of the operating system's, which goes with the process however it ends. It is on a file of its own, so that the
 * store's own locks stay free for SQLite.
 */
function takeOwnership(path: string): DatabaseSync {
  const owner = new DatabaseSync(`${path}-owner`, { timeout: 0 });
  try {
    // Nothing is ever written to it, so it needs no journal file beside it.
    owner.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    return owner;
  } catch (error) {
    owner.close();
    throw unusable(path, error);
  }
}

function configure(path: string): DatabaseSync {
  const connection = new DatabaseSync(path, { timeout: 1_000 });
  try {
    const isNew = connection.prepare('PRAGMA page_count').get()!['page_count'] === 0;
    if (isNew) connection.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
    connection.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = NORMAL;
      PRAGMA wal_autocheckpoint = 0;
      PRAGMA cache_size = -65536;
      PRAGMA mmap_size = 268435456;
      PRAGMA temp_store = MEMORY;
      BEGIN IMMEDIATE; COMMIT;
    `);
    syncAll(path);
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

/**
 * What a killed predecessor committed but did not sync becomes durable before anyone builds on it. The database file is left
 * out: closing a descriptor on it would drop SQLite's locks, and checkpoints sync it themselves.
 */
function syncAll(path: string): void {
  for (const file of [`${path}-wal`, dirname(path)]) {
    if (!existsSync(file)) continue;
    const descriptor = openSync(file, 'r');
    fsyncSync(descriptor);
    closeSync(descriptor);
  }
}
