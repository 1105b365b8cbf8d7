import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StoreUnusable } from './sqlite.errors.js';

/** "PERD": marks a file as ours (PRAGMA application_id). */
export const APPLICATION_ID = 0x50455244;

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
  mkdirSync(dirname(path), { recursive: true });
  inspect(path);
  const owner = takeOwnership(path);
  try {
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

/** A lock of the operating system's, which goes with the process however it ends. */
function takeOwnership(path: string): DatabaseSync {
  const owner = new DatabaseSync(`${path}-owner`, { timeout: 0 });
  try {
    owner.exec('BEGIN EXCLUSIVE');
    return owner;
  } catch (error) {
    owner.close();
    throw unusable(path, error);
  }
}

function configure(path: string): DatabaseSync {
  const isNew = !existsSync(path) || statSync(path).size === 0;
  const connection = new DatabaseSync(path, { timeout: 1_000 });
  try {
    if (isNew) connection.exec(`PRAGMA page_size = 8192; PRAGMA application_id = ${APPLICATION_ID}`);
    connection.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = NORMAL;
      PRAGMA wal_autocheckpoint = 0;
      PRAGMA cache_size = -65536;
      PRAGMA mmap_size = 268435456;
      PRAGMA temp_store = MEMORY;
      BEGIN IMMEDIATE; COMMIT;
    `);
    const id = connection.prepare('PRAGMA application_id').get()!['application_id'];
    if (id !== APPLICATION_ID) {
      throw new StoreUnusable('store-foreign', `${path} is a SQLite file of another program. Name another file.`);
    }
    syncAll(path);
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** What a killed predecessor committed but did not sync becomes durable before anyone builds on it. */
function syncAll(path: string): void {
  for (const file of [path, `${path}-wal`, dirname(path)]) {
    if (!existsSync(file) || file === path) continue;
    const descriptor = openSync(file, 'r');
    fsyncSync(descriptor);
    closeSync(descriptor);
  }
}

function inspect(path: string): void {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size === 0) return;
  const header = Buffer.alloc(100);
  const descriptor = openSync(path, 'r');
  const read = readSync(descriptor, header, 0, 100, 0);
  closeSync(descriptor);
  if (read < 100 || header.toString('latin1', 0, 16) !== 'SQLite format 3\0') {
    throw new StoreUnusable(
      'store-foreign',
      `${path} is not a Perdure store, or its beginning is damaged. Name another file or restore a backup.`,
    );
  }
}

function unusable(path: string, error: unknown): StoreUnusable {
  if (error instanceof StoreUnusable) return error;
  const code = ((error as { errcode?: number }).errcode ?? 0) & 0xff;
  const [name, cure] =
    code === 5 || code === 6
      ? ['store-locked', 'is in use by another process. Stop that process, or give this one another PERDURE_DATA.']
      : code === 8 || code === 14
        ? ['store-read-only', 'cannot be written. Give this user the right to write the file and its folder.']
        : ['store-damaged', 'is damaged. Restore it from a backup.'];
  return new StoreUnusable(name, `${path} ${cure}`, { cause: error });
}
