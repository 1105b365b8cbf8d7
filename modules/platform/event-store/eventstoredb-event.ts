import shared from '@eventstore/db-client/generated/shared_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import type { BatchAppendReq, ReadResp } from '@eventstore/db-client/generated/streams_pb.js';
import type { Recorded } from '#kernel/event';
import { withContent } from './event-content.js';
import { TOMBSTONE_TYPE } from './stream-metadata.js';

const JSON_TYPE = 'application/json';
const BINARY_TYPE = 'application/octet-stream';
/** `created` counts steps of 100 ns. */
const TICKS_PER_MS = 10_000n;

/** Texts are JSON. */
export interface StoredEvent {
  readonly id: string;
  readonly type: string;
  readonly data: string | Uint8Array;
  readonly metadata: string | Uint8Array;
}

export function proposedMessage({ id, type, data, metadata }: StoredEvent): BatchAppendReq.ProposedMessage {
  const message = new streams.BatchAppendReq.ProposedMessage();
  message.setId(new shared.UUID().setString(id));
  message.setData(bytesOf(data));
  message.setCustomMetadata(bytesOf(metadata));
  const properties = message.getMetadataMap();
  properties.set('type', type);
  properties.set('content-type', typeof data === 'string' ? JSON_TYPE : BINARY_TYPE);
  return message;
}

/** The event of a message. The mark of a tombstone, which the server keeps in the stream itself, belongs to `$$<stream>`. */
export function recordedEvent(message: ReadResp.ReadEvent.RecordedEvent): Recorded {
  const properties = message.getMetadataMap();
  const isJson = properties.get('content-type') === JSON_TYPE;
  const data = contentOf(message.getData_asU8(), isJson);
  const { recordedAt, metadata: bytes } = unstamp(message.getCustomMetadata_asU8());
  // Nothing says whether metadata are JSON.
  const metadata = contentOf(bytes, true);
  const type = properties.get('type') ?? '';
  const stream = Buffer.from(message.getStreamIdentifier()!.getStreamName_asU8()).toString();
  const isTombstone = type === TOMBSTONE_TYPE && !stream.startsWith('$$');
  const event = {
    id: idOf(message.getId()),
    type,
    data: data.value as object,
    metadata: metadata.value as Recorded['metadata'],
    stream: isTombstone ? `$$${stream}` : stream,
    revision: isTombstone ? Number.MAX_SAFE_INTEGER : Number(message.getStreamRevision()),
    position: message.getCommitPosition(),
    recordedAt: recordedAt ?? isoTime(properties.get('created')),
  };
  return withContent(event, { data: data.stored, metadata: metadata.stored });
}

const OPENING_BRACE = 0x7b;

function contentOf(bytes: Uint8Array, isJson: boolean): { stored: string | Uint8Array; value: unknown } {
  if (isJson && bytes.length > 0) {
    const stored = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
    try {
      return { stored, value: JSON.parse(stored) as unknown };
    } catch {
      // Others may call JSON what is none.
    }
  }
  return { stored: bytes, value: bytes };
}

/**
 * Events from another store keep their time of recording, which this server would not take: it stands at the beginning of their
 * metadata. What else stands there follows to the letter where it is a JSON object, and as base64 where it is not.
 */
const STAMP = /^\{"\$recordedAt":"([^"]{24})"(?:,"\$bytes":"([^"]*)"\}$|,(?!"\$bytes")|\}$)/;

export function stamp(recordedAt: string, metadata: Uint8Array): string | Uint8Array {
  const head = `{"$recordedAt":"${recordedAt}"`;
  const text = Buffer.from(metadata).toString();
  const isObject =
    metadata[0] === OPENING_BRACE && Buffer.from(text).equals(metadata) && !/^\{\s*("\$bytes"|\})/.test(text);
  if (text === '{}') return `${head}}`;
  return isObject ? `${head},${text.slice(1)}` : `${head},"$bytes":"${Buffer.from(metadata).toString('base64')}"}`;
}

function unstamp(metadata: Uint8Array): { recordedAt?: string; metadata: Uint8Array } {
  if (metadata[1] !== QUOTE || metadata[2] !== DOLLAR) return { metadata };
  const text = Buffer.from(metadata).toString();
  const match = STAMP.exec(text);
  if (!match) return { metadata };
  const [whole, recordedAt, bytes] = match;
  if (bytes !== undefined) return { recordedAt, metadata: Buffer.from(bytes, 'base64') };
  return { recordedAt, metadata: Buffer.from(`{${text.slice(whole.length) || '}'}`) };
}

const QUOTE = 0x22;
const DOLLAR = 0x24;

let lastTicks: string | undefined;
let lastIso = '';

/** Events that were recorded together have the same time. */
function isoTime(ticks = '0'): string {
  if (ticks !== lastTicks) {
    lastIso = new Date(Number(BigInt(ticks) / TICKS_PER_MS)).toISOString();
    lastTicks = ticks;
  }
  return lastIso;
}

function bytesOf(content: string | Uint8Array): Uint8Array {
  return typeof content === 'string' ? Buffer.from(content) : content;
}

/** We ask for ids as text. */
function idOf(id: shared.UUID | undefined): string {
  return id?.getString().toLowerCase() ?? '';
}
