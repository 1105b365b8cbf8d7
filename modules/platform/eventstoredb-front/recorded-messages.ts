import type shared from '@eventstore/db-client/generated/shared_pb.js';
import type { Map as ProtobufMap } from 'google-protobuf';
import type { Recorded } from '#kernel/event';
import { contentOf, JsonText } from '#platform/event-store/event-content';
import type { NewEvent } from '#platform/event-store/event-store.port';
import { streamIdentifier, type UuidForm, uuidMessage, uuidOf } from './identifiers.js';
import { logPosition } from './positions.js';
import { RequiredPropertyMissing } from './protocol-errors.js';

const JSON_TYPE = 'application/json';
const BINARY_TYPE = 'application/octet-stream';
/** `created` counts steps of 100 ns. */
const TICKS_PER_MS = 10_000n;

/** What the recorded events of the Streams and of the PersistentSubscriptions service have in common. */
interface RecordedMessage {
  setId(value: shared.UUID): unknown;
  setStreamIdentifier(value: shared.StreamIdentifier): unknown;
  setStreamRevision(value: string): unknown;
  setCommitPosition(value: string): unknown;
  setPreparePosition(value: string): unknown;
  setData(value: Uint8Array): unknown;
  setCustomMetadata(value: Uint8Array): unknown;
  getMetadataMap(): ProtobufMap<string, string>;
}

/** What the events in the append requests of both services have in common. */
interface ProposedMessage {
  getId(): shared.UUID | undefined;
  getMetadataMap(): ProtobufMap<string, string>;
  getData_asU8(): Uint8Array;
  getCustomMetadata_asU8(): Uint8Array;
}

/** The event as a message of the given class, its content to the letter. */
export function recordedMessage<M extends RecordedMessage>(Message: new () => M, event: Recorded, uuids: UuidForm): M {
  const { json, data, metadata } = contentOf(event);
  const { commit, prepare } = logPosition(event.position);
  const message = new Message();
  message.setId(uuidMessage(event.id, uuids));
  message.setStreamIdentifier(streamIdentifier(event.stream));
  message.setStreamRevision(String(event.revision));
  message.setCommitPosition(commit);
  message.setPreparePosition(prepare);
  message.setData(data);
  message.setCustomMetadata(metadata);
  const properties = message.getMetadataMap();
  properties.set('type', event.type);
  properties.set('created', ticksOf(event.recordedAt));
  properties.set('content-type', json ? JSON_TYPE : BINARY_TYPE);
  return message;
}

/**
 * The event that a client proposes. Throws InvalidRequest.
 *
 * What calls itself JSON and is not (EventStoreDB takes it, many clients send empty data so) is kept as bytes.
 */
export function newEventOf(proposed: ProposedMessage): NewEvent {
  const properties = proposed.getMetadataMap();
  const type = properties.get('type');
  const contentType = properties.get('content-type');
  if (!type) throw new RequiredPropertyMissing('type');
  if (!contentType) throw new RequiredPropertyMissing('content-type');
  const data = proposed.getData_asU8();
  return {
    id: uuidOf(proposed.getId()),
    type,
    data: (contentType === JSON_TYPE && jsonText(data, isAnything)) || data,
    metadata: metadataOf(proposed.getCustomMetadata_asU8()),
  };
}

/** Whoever reads an event in this process expects an object as its metadata; everything else stays bytes, and no metadata too. */
function metadataOf(bytes: Uint8Array): object {
  return (bytes[0] === OPENING_BRACE && jsonText(bytes, isObject)) || bytes;
}

/** The bytes that count against the limit of an append. */
export function proposedBytes(proposed: ProposedMessage): number {
  return proposed.getData_asU8().length + proposed.getCustomMetadata_asU8().length;
}

const OPENING_BRACE = 0x7b;
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const isAnything = (): boolean => true;
const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);

function jsonText(bytes: Uint8Array, accepts: (value: unknown) => boolean): JsonText | undefined {
  if (bytes.length === 0) return undefined;
  try {
    const text = decoder.decode(bytes);
    return accepts(JSON.parse(text)) ? new JsonText(text) : undefined;
  } catch {
    return undefined;
  }
}

function ticksOf(time: string): string {
  return String(BigInt(Date.parse(time)) * TICKS_PER_MS);
}
