import { type Ids, systemIds } from '#kernel/ids';
import type { JsonObject } from '#kernel/json';
import { type EncodedEvent, encodeId } from './event-row.js';
import type { StreamMetadata } from './event-store.port.js';
import type { EventTable } from './event-table.js';
import {
  formatDeletion,
  formatMetadata,
  formatRevival,
  METADATA_TYPE,
  metadataObject,
  readMetadata,
  TOMBSTONE_TYPE,
} from './stream-metadata.js';
import { metadataStreamOf } from './stream-name.js';
import type { StreamRow, StreamTable } from './stream-table.js';

/**
 * Keeps the rows of streams as their metadata streams say. The events are the truth, since they are what is read and copied; the
 * rows make them quick. Every method belongs into a transaction.
 */
export class MetadataWriter {
  constructor(
    private readonly streams: StreamTable,
    private readonly events: EventTable,
    private readonly ids: Ids = systemIds,
  ) {}

  /** Adds an event to the stream's metadata stream and lets it take effect. */
  record(stream: string, type: string, data: string, recordedAt: number): void {
    const name = metadataStreamOf(stream);
    const row = this.streams.row(name);
    const revision = (row?.revision ?? -1) + 1;
    const event = { id: encodeId(this.ids.next()), type, data, metadata: '{}' };
    this.events.insert(row?.id ?? this.streams.create(name, revision), revision, event, recordedAt);
    if (row) this.streams.advance(row.id, revision);
    this.apply(stream, event);
  }

  /** Lets an event of the stream's metadata stream take effect. What is not metadata says nothing. */
  apply(stream: string, { type, data }: EncodedEvent): void {
    if (type !== METADATA_TYPE && type !== TOMBSTONE_TYPE) return;
    const row = this.streams.row(stream);
    if (row?.state === 'tombstone') return;
    const id = row?.id ?? this.streams.create(stream, -1);
    if (type === TOMBSTONE_TYPE) return this.streams.entomb(id);
    const { metadata, deleted } = readMetadata(data);
    this.streams.setMetadata(id, metadata);
    if (deleted) this.streams.softDelete(id);
  }

  /** Keys that are not ours, such as `$acl`, stay. So does a soft deletion, which in EventStoreDB is a part of the metadata. */
  set(name: string, metadata: StreamMetadata, recordedAt: number): void {
    const { state, deletedBefore = 0 } = this.streams.row(name) ?? {};
    const text = formatMetadata(metadata, this.#current(name), deletedBefore || undefined);
    const data = state === 'deleted' ? formatDeletion(JSON.parse(text) as JsonObject) : text;
    this.record(name, METADATA_TYPE, data, recordedAt);
  }

  /** The soft-deleted stream is about to get an event: what comes from now on can be seen, as EventStoreDB would say it. */
  revive(name: string, { revision }: StreamRow, recordedAt: number): void {
    this.record(name, METADATA_TYPE, formatRevival(this.#current(name), revision + 1), recordedAt);
  }

  /** Deletes the stream softly and leaves the rest of its metadata as it was. */
  softDelete(name: string, { revision }: StreamRow, recordedAt: number): void {
    this.record(name, METADATA_TYPE, formatDeletion(this.#current(name), revision + 1), recordedAt);
  }

  #current(name: string): JsonObject {
    const data = this.events.lastData(metadataStreamOf(name), METADATA_TYPE);
    try {
      return data === undefined ? {} : metadataObject(data);
    } catch {
      return {};
    }
  }
}
