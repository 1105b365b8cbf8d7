import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { StoreUnusable } from './sqlite.errors.js';

/** "PERD": marks a file as ours (PRAGMA application_id). */
export const APPLICATION_ID = 0x50455244;

/** Sizes and offsets in bytes, from https://www.sqlite.org/fileformat2.html. */
const HEADER = { size: 100, pageSize: 16, changes: 24, pages: 28, applicationId: 68, versionValidFor: 92 };
const WAL_HEADER = { size: 32, salts: 16 };
const FRAME_HEADER = { size: 24, page: 0, pagesAfterCommit: 4, salts: 8 };

/** Throws StoreUnusable `store-foreign` where the file is there, but not a store. Reads the file's beginning only. */
export function refuseForeign(path: string): void {
  if (sizeOf(path) === 0) return;
  const header = readHeader(path);
  if (header.length < HEADER.size || header.toString('latin1', 0, 16) !== 'SQLite format 3\0') {
    const message = `${path} is not a Perdure store, or its beginning is damaged. Name another file or restore a backup.`;
    throw new StoreUnusable('store-foreign', message);
  }
  if (header.readUInt32BE(HEADER.applicationId) !== APPLICATION_ID) {
    throw new StoreUnusable('store-foreign', `${path} is a SQLite file of another program. Name another file.`);
  }
}

/**
 * Throws StoreUnusable `store-truncated` where pages of the file are missing, which SQLite itself would notice only when it
 * comes to them. A file that is shorter than it says is whole all the same if the write-ahead log still has the rest.
 */
export function refuseTruncated(path: string): void {
  const size = sizeOf(path);
  if (size === 0) return;
  const header = readHeader(path);
  // 1 stands for 65,536, which does not fit.
  const pageSize = header.readUInt16BE(HEADER.pageSize) === 1 ? 65_536 : header.readUInt16BE(HEADER.pageSize);
  const log = readLog(`${path}-wal`, pageSize);
  const headerIsCurrent = header.readUInt32BE(HEADER.changes) === header.readUInt32BE(HEADER.versionValidFor);
  const pages = log.pagesAfterCommit ?? (headerIsCurrent ? header.readUInt32BE(HEADER.pages) : 0);
  for (let page = Math.floor(size / pageSize) + 1; page <= pages; page++) {
    if (log.pages.has(page)) continue;
    throw new StoreUnusable(
      'store-truncated',
      `${path} is cut off: it has ${size} bytes of ${pages * pageSize}. Restore it from a backup.`,
    );
  }
}

interface Log {
  /** Numbers of the pages that the log has. */
  readonly pages: ReadonlySet<number>;
  /** The database's size in pages as of the log's last commit; undefined where there is none. */
  readonly pagesAfterCommit?: number;
}

function readLog(path: string, pageSize: number): Log {
  const pages = new Set<number>();
  const size = sizeOf(path);
  if (size <= WAL_HEADER.size) return { pages };
  const file = openSync(path, 'r');
  try {
    const salts = Buffer.alloc(8);
    readSync(file, salts, 0, 8, WAL_HEADER.salts);
    const frame = Buffer.alloc(FRAME_HEADER.size);
    let committed: Log = { pages };
    for (let at = WAL_HEADER.size; at < size; at += FRAME_HEADER.size + pageSize) {
      readSync(file, frame, 0, frame.length, at);
      // Frames with other salts are left from before the log was last restarted.
      if (frame.compare(salts, 0, 8, FRAME_HEADER.salts, FRAME_HEADER.salts + 8) !== 0) break;
      pages.add(frame.readUInt32BE(FRAME_HEADER.page));
      const pagesAfterCommit = frame.readUInt32BE(FRAME_HEADER.pagesAfterCommit);
      if (pagesAfterCommit > 0) committed = { pages, pagesAfterCommit };
    }
    return committed;
  } finally {
    closeSync(file);
  }
}

function readHeader(path: string): Buffer {
  const header = Buffer.alloc(HEADER.size);
  const file = openSync(path, 'r');
  const length = readSync(file, header, 0, header.length, 0);
  closeSync(file);
  return header.subarray(0, length);
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
