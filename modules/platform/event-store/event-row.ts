import type { Recorded } from '#kernel/event';
import { InvalidInput } from '#kernel/errors';
import { formatUuid, isUuid } from '#kernel/ids';
import { JsonText, withContent } from './event-content.js';
import { EventTooLarge } from './event-store.errors.js';
import type { NewEvent } from './event-store.port.js';

/** Largest data of an event in bytes, if nothing else is set: 1 MiB. */
export const DEFAULT_MAX_EVENT_BYTES = 2 ** 20;

/** So many bytes of metadata do not count, so that an event whose data just fits is not refused for what we add to it. */
export const FREE_METADATA_BYTES = 2 ** 16;

/** An event as the table `events` has it: texts are JSON. */
export interface EncodedEvent {
  readonly id: Uint8Array;
  readonly type: string;
  readonly data: string | Uint8Array;
  readonly metadata: string | Uint8Array;
}

/** Throws InvalidInput, or EventTooLarge where the event has more than `maxBytes`. */
export function encodeEvent(event: NewEvent, maxBytes: number): EncodedEvent {
  if (!isUuid(event.id)) {
    throw new InvalidInput([{ pointer: '/id', detail: `'${event.id}' is not a UUID in lower case.` }]);
  }
  const data = encodeContent(event.data, '/data');
  const metadata = encodeContent(event.metadata, '/metadata');
  // A character has at most three bytes, so that most events need not be measured.
  if ((data.length + metadata.length) * 3 > maxBytes) {
    const bytes = Buffer.byteLength(data) + Math.max(0, Buffer.byteLength(metadata) - FREE_METADATA_BYTES);
    if (bytes > maxBytes) throw new EventTooLarge(event.type, bytes, maxBytes);
  }
  return { id: encodeId(event.id), type: event.type, data, metadata };
}

/** Texts are JSON. Throws InvalidInput. */
export function encodeContent(content: unknown, pointer: string): string | Uint8Array {
  if (content instanceof Uint8Array) return content;
  if (content instanceof JsonText) return checkJson(content.text, pointer);
  const text = JSON.stringify(content) as string | undefined;
  if (text !== undefined) return text;
  throw new InvalidInput([{ pointer, detail: 'It must be something that JSON can carry, or bytes.' }]);
}

function checkJson(text: string, pointer: string): string {
  try {
    JSON.parse(text);
  } catch (error) {
    throw new InvalidInput([
      { pointer, detail: `It is not JSON: ${(error as Error).message}. Hand it over as bytes.` },
    ]);
  }
  // SQLite keeps UTF-8, which has no words for half a character.
  if (text.isWellFormed()) return text;
  throw new InvalidInput([{ pointer, detail: 'It has half of a surrogate pair. Write it as an escape, \\ud83d.' }]);
}

export function encodeId(id: string): Uint8Array {
  return Buffer.from(id.replaceAll('-', ''), 'hex');
}

/** What {@link decodeEvent} needs, from `events e` and `streams s`. */
export const EVENT_COLUMNS =
  'e.position, s.name, e.revision, e.id, e.type, coalesce(e.data_bytes, e.data), coalesce(e.metadata_bytes, e.metadata), e.recorded_at';

type Content = string | Uint8Array;
export type EventRow = [number, string, number, Uint8Array, string, Content | null, Content | null, number];

/**
 * Never throws: what was written is right, but a file can be changed or damaged. A text that is no JSON any more comes back as bytes,
 * and whatever else cannot be as a text that is no id or no time.
 */
export function decodeEvent([position, stream, revision, id, type, ...row]: EventRow): Recorded {
  const [data, metadata] = [decodeContent(row[0]), decodeContent(row[1])];
  const event = {
    id: id?.length === ID_BYTES ? formatUuid(id) : `0x${Buffer.from(id ?? '').toString('hex')}`,
    type: String(type),
    data: data.value as object,
    metadata: metadata.value as Recorded['metadata'],
    stream: String(stream),
    revision,
    position: String(position),
    recordedAt: isoTime(row[2]),
  };
  return withContent(event, { data: data.stored, metadata: metadata.stored });
}

const ID_BYTES = 16;

function decodeContent(content: Content | null): { stored: Content; value: unknown } {
  if (content === null) return { stored: new Uint8Array(), value: new Uint8Array() };
  if (typeof content !== 'string') return { stored: content, value: content };
  try {
    return { stored: content, value: JSON.parse(content) as unknown };
  } catch {
    const bytes = Buffer.from(content);
    return { stored: bytes, value: bytes };
  }
}

/** ECMAScript knows no time beyond this one. */
const LATEST_MS = 8.64e15;

let lastMs = 0;
let lastIso = new Date(0).toISOString();

/** Events that were recorded together have the same time: formatting it once saves a tenth of a page's time. */
function isoTime(ms: number): string {
  if (ms !== lastMs) {
    lastIso = Math.abs(ms) <= LATEST_MS ? new Date(ms).toISOString() : `${ms} ms`;
    lastMs = ms;
  }
  return lastIso;
}
