import { InvalidInput } from '#kernel/errors';
import type { Recorded } from '#kernel/event';
import { isUuid } from '#kernel/ids';
import type { SqliteDatabase } from '#platform/sqlite/sqlite-database';
import { JsonText, storedContentOf } from './event-content.js';
import { encodeContent, type EncodedEvent, encodeId } from './event-row.js';
import { StreamDeleted, WrongExpectedRevision } from './event-store.errors.js';
import { EventTable } from './event-table.js';
import { MetadataWriter } from './metadata-writer.js';
import { checkStreamName, describedStreamOf } from './stream-name.js';
import { type StreamRow, StreamTable } from './stream-table.js';

/** An event of another store, as it will stand in the table. */
export interface RestoredEvent extends EncodedEvent {
  readonly stream: string;
  readonly revision: number;
  /** Unix milliseconds. */
  readonly recordedAt: number;
}

/** Throws InvalidInput, and InvalidStreamName. No limit of size: what another store took is not to be lost here. */
export function encodeRestored(event: Recorded): RestoredEvent {
  const { id, stream, revision, type } = event;
  checkStreamName(stream);
  const recordedAt = Date.parse(event.recordedAt);
  const wrong = [
    !isUuid(id) && { pointer: '/id', detail: `'${id}' is not a UUID in lower case.` },
    !(Number.isSafeInteger(revision) && revision >= 0) && {
      pointer: '/revision',
      detail: 'It must be a whole number.',
    },
    Number.isNaN(recordedAt) && { pointer: '/recordedAt', detail: 'It must be a time in ISO 8601.' },
  ].filter((violation) => violation !== false);
  if (wrong.length > 0) throw new InvalidInput(wrong, `Event ${id} at ${stream}/${revision} cannot be restored.`);
  const { data, metadata } = storedContentOf(event);
  return {
    ...{ id: encodeId(id), stream, revision, type, recordedAt },
    data: toEncode(data, '/data'),
    metadata: toEncode(metadata, '/metadata'),
  };
}

function toEncode(content: string | Uint8Array, pointer: string): string | Uint8Array {
  return encodeContent(typeof content === 'string' ? new JsonText(content) : content, pointer);
}

/** Takes over the events of another store. */
export class EventRestorer {
  readonly #streams: StreamTable;
  readonly #events: EventTable;
  readonly #metadata: MetadataWriter;

  constructor(private readonly database: SqliteDatabase) {
    this.#streams = new StreamTable(database);
    this.#events = new EventTable(database);
    this.#metadata = new MetadataWriter(this.#streams, this.#events);
  }

  /** All events or none. Belongs into a transaction. Throws WrongExpectedRevision and StreamDeleted, with everything undone. */
  restore(events: readonly RestoredEvent[]): void {
    const { connection } = this.database;
    connection.exec('SAVEPOINT restoring');
    try {
      for (const event of events) this.#restore(event);
    } catch (error) {
      // A full disk has undone the whole transaction already.
      if (connection.isTransaction) connection.exec('ROLLBACK TO restoring');
      throw error;
    } finally {
      if (connection.isTransaction) connection.exec('RELEASE restoring');
    }
  }

  #restore(event: RestoredEvent): void {
    const { stream: name, revision, recordedAt } = event;
    const stream = this.#streams.row(name);
    if (stream && this.#isThere(stream, event)) return;
    if (stream?.state === 'tombstone') throw new StreamDeleted(name);

    if (stream?.state === 'deleted') this.#streams.hideBefore(stream.id, revision);
    this.#events.insert(stream?.id ?? this.#streams.create(name, revision), revision, event, recordedAt);
    if (stream) this.#streams.advance(stream.id, revision);
    const described = describedStreamOf(name);
    if (described !== undefined) this.#metadata.apply(described, event);
  }

  /** Throws WrongExpectedRevision where the revision is taken, or past. */
  #isThere({ id, revision: last }: StreamRow, { stream, revision, id: eventId }: RestoredEvent): boolean {
    if (revision > last) return false;
    const stored = this.#events.at(id, revision);
    if (stored && Buffer.compare(stored.id, eventId) === 0) return true;
    throw new WrongExpectedRevision(stream, revision === 0 ? 'none' : revision - 1, last);
  }
}
