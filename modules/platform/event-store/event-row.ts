import type { Recorded } from '#kernel/event';
import { InvalidInput } from '#kernel/errors';
import { formatUuid, isUuid } from '#kernel/ids';
import { EventTooLarge } from './event-store.errors.js';
import type { NewEvent } from './event-store.port.js';

/** Largest data of an event in bytes of JSON, if nothing else is set: 1 MiB. */
export const DEFAULT_MAX_EVENT_BYTES = 2 ** 20;

/** So many bytes of metadata do not count, so that an event whose data just fits is not refused for what we add to it. */
export const FREE_METADATA_BYTES = 2 ** 16;

/** An event as the table `events` has it. */
export interface EncodedEvent {
  readonly id: Uint8Array;
  readonly type: string;
  readonly data: string;
  readonly metadata: string;
}

/** Throws InvalidInput, or EventTooLarge where the event has more than `maxBytes`. */
export function encodeEvent(event: NewEvent, maxBytes: number): EncodedEvent {
  if (!isUuid(event.id)) {
    throw new InvalidInput([{ pointer: '/id', detail: `'${event.id}' is not a UUID in lower case.` }]);
  }
  const data = JSON.stringify(event.data);
  const metadata = JSON.stringify(event.metadata);
  // A character has at most three bytes, so that most events need not be measured.
  if ((data.length + metadata.length) * 3 > maxBytes) {
    const bytes = Buffer.byteLength(data) + Math.max(0, Buffer.byteLength(metadata) - FREE_METADATA_BYTES);
    if (bytes > maxBytes) throw new EventTooLarge(event.type, bytes, maxBytes);
  }
  return { id: encodeId(event.id), type: event.type, data, metadata };
}

export function encodeId(id: string): Uint8Array {
  return Buffer.from(id.replaceAll('-', ''), 'hex');
}

/** What {@link decodeEvent} needs, from `events e` and `streams s`. */
export const EVENT_COLUMNS = 'e.position, s.name, e.revision, e.id, e.type, e.data, e.metadata, e.recorded_at';
export type EventRow = [number, string, number, Uint8Array, string, string, string, number];

export function decodeEvent([position, stream, revision, id, type, data, metadata, recordedAt]: EventRow): Recorded {
  return {
    id: formatUuid(id),
    type,
    data: JSON.parse(data) as object,
    metadata: JSON.parse(metadata) as Recorded['metadata'],
    stream,
    revision,
    position: String(position),
    recordedAt: isoTime(recordedAt),
  };
}

let lastMs = 0;
let lastIso = new Date(0).toISOString();

/** Events that were recorded together have the same time: formatting it once saves a tenth of a page's time. */
function isoTime(ms: number): string {
  if (ms !== lastMs) {
    lastIso = new Date(ms).toISOString();
    lastMs = ms;
  }
  return lastIso;
}
