import type { StatementSync } from 'node:sqlite';
import type { SqliteDatabase } from '#platform/sqlite/sqlite-database';
import type { EncodedEvent } from './event-row.js';

/** An event's place among all, and its id. */
export interface StoredPlace {
  readonly id: Uint8Array;
  readonly position: string;
}

/** The table `events`. Its methods that write belong into a transaction. */
export class EventTable {
  readonly #insert: StatementSync;
  readonly #insertBytes: StatementSync;
  readonly #place: StatementSync;
  readonly #revisions: StatementSync;
  readonly #lastOfType: StatementSync;

  constructor(database: SqliteDatabase) {
    this.#insert = database.prepare(
      'INSERT INTO events (stream, revision, id, type, data, metadata, recorded_at) VALUES (?, ?, ?, ?, ?, ?, ?)',
    );
    this.#insertBytes = database.prepare(
      `INSERT INTO events (stream, revision, id, type, data, metadata, recorded_at, data_bytes, metadata_bytes)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#place = database.prepare('SELECT id, position FROM events WHERE stream = ? AND revision = ?');
    // The + keeps SQLite from going through the whole stream instead of through the few events with that id.
    this.#revisions = database.prepare('SELECT revision FROM events WHERE id = ? AND +stream = ? ORDER BY revision');
    this.#lastOfType = database.prepare(
      `SELECT coalesce(data_bytes, data) AS data FROM events e
       WHERE stream = (SELECT id FROM streams WHERE name = ?) AND type = ? ORDER BY revision DESC LIMIT 1`,
    );
  }

  /** Returns the event's position. */
  insert(stream: number, revision: number, { id, type, data, metadata }: EncodedEvent, recordedAt: number): string {
    const { lastInsertRowid } =
      typeof data === 'string' && typeof metadata === 'string'
        ? this.#insert.run(stream, revision, id, type, data, metadata, recordedAt)
        : this.#insertBytes.run(
            ...[stream, revision, id, type, textOf(data), textOf(metadata), recordedAt],
            ...[bytesOf(data), bytesOf(metadata)],
          );
    return String(lastInsertRowid);
  }

  /** What stands at a revision; undefined in a gap, too. */
  at(stream: number, revision: number): StoredPlace | undefined {
    const row = this.#place.get(stream, revision);
    return row && { id: row['id'] as Uint8Array, position: String(row['position']) };
  }

  /** Where events with this id stand in the stream. */
  revisionsOf(stream: number, id: Uint8Array): number[] {
    return this.#revisions.all(id, stream).map((row) => Number(row['revision']));
  }

  /** Data of the last event of this type in the stream. */
  lastData(streamName: string, type: string): string | Uint8Array | undefined {
    return this.#lastOfType.get(streamName, type)?.['data'] as string | Uint8Array | undefined;
  }
}

const textOf = (content: string | Uint8Array): string => (typeof content === 'string' ? content : '');
const bytesOf = (content: string | Uint8Array): Uint8Array | null => (typeof content === 'string' ? null : content);
