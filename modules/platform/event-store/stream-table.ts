import type { StatementSync } from 'node:sqlite';
import type { SqliteDatabase } from '#platform/sqlite/sqlite-database';
import { StreamDeleted, WrongExpectedRevision } from './event-store.errors.js';
import type { ExpectedRevision, StreamMetadata } from './event-store.port.js';

/** What the store knows of one stream beside its events. */
export interface StreamRow {
  readonly id: number;
  /** Of the last event, -1 where there is none yet. */
  readonly revision: number;
  readonly state: 'live' | 'deleted' | 'tombstone';
  /** Events before this revision went with a soft deletion. */
  readonly deletedBefore: number;
  /** As the last event of its metadata stream says. */
  readonly metadata: StreamMetadata;
}

/** The table `streams`. Its methods that write belong into a transaction. */
export class StreamTable {
  readonly #select: StatementSync;
  readonly #insert: StatementSync;
  readonly #advance: StatementSync;

  constructor(private readonly database: SqliteDatabase) {
    this.#select = database.prepare(
      'SELECT id, revision, state, deleted_before, truncate_before, max_count, max_age FROM streams WHERE name = ?',
    );
    this.#select.setReturnArrays(true);
    this.#insert = database.prepare('INSERT INTO streams (name, revision) VALUES (?, ?)');
    this.#advance = database.prepare("UPDATE streams SET revision = ?, state = 'live' WHERE id = ?");
  }

  /** The stream's row, or undefined. Throws StreamDeleted where there is a tombstone. */
  find(name: string): StreamRow | undefined {
    const row = this.row(name);
    if (row?.state === 'tombstone') throw new StreamDeleted(name);
    return row;
  }

  /** The stream's row, also where there is a tombstone. */
  row(name: string): StreamRow | undefined {
    const row = this.#select.get(name) as unknown as Columns | undefined;
    if (!row) return undefined;
    const [id, revision, state, deletedBefore, ...limits] = row;
    return { id, revision, state, deletedBefore, metadata: metadataOf(limits) };
  }

  /** Returns the new stream's id. */
  create(name: string, revision: number): number {
    return Number(this.#insert.run(name, revision).lastInsertRowid);
  }

  /** Events were appended. A deleted stream is there again with them. */
  advance(id: number, revision: number): void {
    this.#advance.run(revision, id);
  }

  /** What stood in a deleted stream before this revision does not come back with it. */
  hideBefore(id: number, revision: number): void {
    this.database.prepare('UPDATE streams SET deleted_before = ? WHERE id = ?').run(revision, id);
  }

  softDelete(id: number): void {
    const sql = "UPDATE streams SET state = 'deleted', deleted_before = revision + 1 WHERE id = ?";
    this.database.prepare(sql).run(id);
  }

  entomb(id: number): void {
    this.database.prepare("UPDATE streams SET state = 'tombstone' WHERE id = ?").run(id);
  }

  setMetadata(id: number, { truncateBefore, maxCount, maxAge }: StreamMetadata): void {
    const sql = 'UPDATE streams SET truncate_before = ?, max_count = ?, max_age = ? WHERE id = ?';
    this.database.prepare(sql).run(truncateBefore ?? null, maxCount ?? null, maxAge ?? null, id);
  }
}

type Limits = [truncateBefore: number | null, maxCount: number | null, maxAge: number | null];
type Columns = [number, number, StreamRow['state'], number, ...Limits];

/** Throws WrongExpectedRevision where the stream is not as expected. */
export function checkExpected(name: string, stream: StreamRow | undefined, expected: ExpectedRevision): void {
  const last = stream?.revision ?? -1;
  const there = stream?.state === 'live' && last >= 0;
  const met = expected === 'any' || (expected === 'none' ? !there : expected === 'exists' ? there : expected === last);
  if (!met) throw new WrongExpectedRevision(name, expected, there ? last : -1);
}

/** The first revision that can be seen, if it is the stream's `last` that counts. Age is left aside. */
export function firstVisible({ deletedBefore, metadata }: StreamRow, last: number): number {
  const { truncateBefore = 0, maxCount = Infinity } = metadata;
  return Math.max(deletedBefore, truncateBefore, last + 1 - maxCount);
}

const NO_LIMITS: StreamMetadata = Object.freeze({});

function metadataOf([truncateBefore, maxCount, maxAge]: Limits): StreamMetadata {
  if (truncateBefore === null && maxCount === null && maxAge === null) return NO_LIMITS;
  return {
    ...(truncateBefore !== null && { truncateBefore }),
    ...(maxCount !== null && { maxCount }),
    ...(maxAge !== null && { maxAge }),
  };
}
