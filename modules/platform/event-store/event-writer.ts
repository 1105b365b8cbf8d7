import type { StatementSync } from 'node:sqlite';
import type { Clock } from '#kernel/clock';
import type { SqliteDatabase } from '#platform/sqlite/sqlite-database';
import { WrongExpectedRevision } from './event-store.errors.js';
import type { EncodedEvent } from './event-row.js';
import type { Appended, ExpectedRevision, StreamMetadata } from './event-store.port.js';
import { checkExpected, StreamTable, type StreamRow } from './stream-table.js';

/** What changes the tables. Every method belongs into a transaction and throws its domain errors before its first change. */
export class EventWriter {
  readonly #streams: StreamTable;
  readonly #insert: StatementSync;
  readonly #revisions: StatementSync;
  readonly #event: StatementSync;

  constructor(
    database: SqliteDatabase,
    private readonly clock: Clock,
  ) {
    this.#streams = new StreamTable(database);
    this.#insert = database.prepare(
      'INSERT INTO events (stream, revision, id, type, data, metadata, recorded_at) VALUES (?, ?, ?, ?, ?, ?, ?)',
    );
    // The + keeps SQLite from going through the whole stream instead of through the few events with that id.
    this.#revisions = database.prepare('SELECT revision FROM events WHERE id = ? AND +stream = ? ORDER BY revision');
    this.#event = database.prepare('SELECT id, position FROM events WHERE stream = ? AND revision = ?');
  }

  append(name: string, expected: ExpectedRevision, events: readonly EncodedEvent[]): Appended {
    const stream = this.#streams.find(name);
    const before = stream && this.#replayed(name, stream, expected, events);
    if (before) return before;
    checkExpected(name, stream, expected);

    const first = (stream?.revision ?? -1) + 1;
    const last = first + events.length - 1;
    const id = stream?.id ?? this.#streams.create(name, last);
    const position = this.#store(id, first, events);
    if (stream) this.#streams.advance(id, last);
    return { revision: last, position: String(position) };
  }

  softDelete(name: string, expected: ExpectedRevision): void {
    const stream = this.#streams.find(name);
    checkExpected(name, stream, expected);
    if (stream) this.#streams.softDelete(stream.id);
  }

  entomb(name: string, expected: ExpectedRevision): void {
    const stream = this.#streams.find(name);
    checkExpected(name, stream, expected);
    this.#streams.entomb(stream?.id ?? this.#streams.create(name, -1));
  }

  setMetadata(name: string, metadata: StreamMetadata): void {
    const stream = this.#streams.find(name);
    this.#streams.setMetadata(stream?.id ?? this.#streams.create(name, -1), metadata);
  }

  /** Returns the last event's position. */
  #store(stream: number, first: number, events: readonly EncodedEvent[]): number | bigint {
    const now = this.clock.now().getTime();
    let position: number | bigint = 0;
    let revision = first;
    for (const { id, type, data, metadata } of events) {
      position = this.#insert.run(stream, revision++, id, type, data, metadata, now).lastInsertRowid;
    }
    return position;
  }

  /** The first answer to an append that was carried out already. */
  #replayed(
    name: string,
    stream: StreamRow,
    expected: ExpectedRevision,
    events: readonly EncodedEvent[],
  ): Appended | undefined {
    const anywhere = expected === 'any' || expected === 'exists';
    const candidates = anywhere
      ? this.#revisionsOf(stream.id, events[0]!.id)
      : expected === 'none'
        ? [0, stream.deletedBefore]
        : [expected + 1];
    for (const first of candidates) {
      const appended = this.#match(stream, first, events);
      if (appended) return appended;
    }
    // A part of the append stands in the stream, but not all of it: it is neither new nor the same.
    if (anywhere && candidates.length > 0) throw new WrongExpectedRevision(name, expected, stream.revision);
    return undefined;
  }

  #revisionsOf(stream: number, id: Uint8Array): number[] {
    return this.#revisions.all(id, stream).map((row) => Number(row['revision']));
  }

  #match(stream: StreamRow, first: number, events: readonly EncodedEvent[]): Appended | undefined {
    const revision = first + events.length - 1;
    if (revision > stream.revision) return undefined;
    let position: unknown;
    for (const [index, event] of events.entries()) {
      const stored = this.#event.get(stream.id, first + index)!;
      if (Buffer.compare(stored['id'] as Uint8Array, event.id) !== 0) return undefined;
      position = stored['position'];
    }
    return { revision, position: String(position) };
  }
}
