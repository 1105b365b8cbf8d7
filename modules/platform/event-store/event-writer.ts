import type { Clock } from '#kernel/clock';
import type { SqliteDatabase } from '#platform/sqlite/sqlite-database';
import { WrongExpectedRevision } from './event-store.errors.js';
import type { EncodedEvent } from './event-row.js';
import type { Appended, ExpectedRevision, StreamMetadata } from './event-store.port.js';
import { EventTable } from './event-table.js';
import { MetadataWriter } from './metadata-writer.js';
import { TOMBSTONE_TYPE } from './stream-metadata.js';
import { describedStreamOf } from './stream-name.js';
import { checkExpected, StreamTable, type StreamRow } from './stream-table.js';
import { TimeOfRecording } from './time-of-recording.js';

/** What changes the tables. Every method belongs into a transaction and throws its domain errors before its first change. */
export class EventWriter {
  readonly #streams: StreamTable;
  readonly #events: EventTable;
  readonly #metadata: MetadataWriter;

  readonly #time: TimeOfRecording;

  constructor(database: SqliteDatabase, clock: Clock) {
    this.#time = new TimeOfRecording(database, clock);
    this.#streams = new StreamTable(database);
    this.#events = new EventTable(database);
    this.#metadata = new MetadataWriter(this.#streams, this.#events);
  }

  append(name: string, expected: ExpectedRevision, events: readonly EncodedEvent[]): Appended {
    const stream = this.#streams.find(name);
    const described = describedStreamOf(name);
    // Throws where that has a tombstone: nothing more is to be said of it.
    if (described !== undefined) this.#streams.find(described);
    // A deleted stream does not exist, whatever once stood in it: EventStoreDB, too, looks at that first.
    if (expected === 'exists') checkExpected(name, stream, expected);
    const before = stream && this.#replayed(name, stream, expected, events);
    if (before) return before;
    checkExpected(name, stream, expected);

    const first = (stream?.revision ?? -1) + 1;
    const last = first + events.length - 1;
    const now = this.#time.now();
    if (stream?.state === 'deleted') this.#metadata.revive(name, stream, now);
    const id = stream?.id ?? this.#streams.create(name, last);
    let position = '';
    for (const [index, event] of events.entries()) {
      position = this.#events.insert(id, first + index, event, now);
      if (described !== undefined) this.#metadata.apply(described, event);
    }
    if (stream) this.#streams.advance(id, last);
    return { revision: last, position };
  }

  /** What is not there, or deleted already, needs no deletion. */
  softDelete(name: string, expected: ExpectedRevision): void {
    const stream = this.#streams.find(name);
    checkExpected(name, stream, expected);
    if (!stream || stream.revision < 0 || stream.state === 'deleted') return;
    this.#metadata.softDelete(name, stream, this.#time.now());
  }

  entomb(name: string, expected: ExpectedRevision): void {
    checkExpected(name, this.#streams.find(name), expected);
    this.#metadata.record(name, TOMBSTONE_TYPE, '{}', this.#time.now());
  }

  setMetadata(name: string, metadata: StreamMetadata): void {
    this.#streams.find(name);
    this.#metadata.set(name, metadata, this.#time.now());
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
      ? this.#events.revisionsOf(stream.id, events[0]!.id)
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

  #match(stream: StreamRow, first: number, events: readonly EncodedEvent[]): Appended | undefined {
    const revision = first + events.length - 1;
    if (revision > stream.revision) return undefined;
    let position = '';
    for (const [index, event] of events.entries()) {
      const stored = this.#events.at(stream.id, first + index);
      if (!stored || Buffer.compare(stored.id, event.id) !== 0) return undefined;
      position = stored.position;
    }
    return { revision, position };
  }
}
