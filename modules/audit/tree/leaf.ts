import type { Recorded } from '#kernel/event';
import { storedContentOf } from '#platform/event-store/event-content';
import { LEAF_PREFIX, sha256 } from '#platform/merkle/hashes';

/** Of the form that is written down here and, for others to verify, in docs/guides/audit.md. */
const VERSION = 1;
const DATA_IS_JSON = 1;
const METADATA_IS_OBJECT = 2;

/** Grows with the largest event. The first byte is there already, so that nothing is copied to be hashed. */
let scratch = Buffer.alloc(64 * 2 ** 10);
scratch[0] = LEAF_PREFIX;

/**
 * The leaf of an event: a byte 1, a byte of flags (1: the data is JSON, 2: the metadata is a JSON object), then stream, revision
 * (decimal), id, type, time of recording, data and metadata, each as four bytes of length (big-endian) and so many bytes, text in
 * UTF-8. It has everything that is stored to the letter, but the position: that is another one in a copy. Hand in what
 * `STORED_EVENTS` reads: an upcast event has another leaf.
 */
export function leafOf(event: Recorded): Uint8Array {
  const end = encode(event);
  return Uint8Array.from(scratch.subarray(1, end));
}

/** The hash of the leaf in the tree: SHA-256(0x00 || leaf). */
export function leafHashOf(event: Recorded): Buffer {
  const end = encode(event);
  return sha256(scratch.subarray(0, end));
}

/** Writes the leaf into the scratch buffer, behind the prefix; returns where it ends. */
function encode(event: Recorded): number {
  const { data, metadata } = storedContentOf(event);
  const { stream, id, type, recordedAt } = event;
  const revision = String(event.revision);
  const letters = stream.length + revision.length + id.length + type.length + recordedAt.length;
  // A UTF-16 unit has three bytes in UTF-8 at most.
  reserve(64 + 3 * (letters + data.length + metadata.length));
  scratch[1] = VERSION;
  scratch[2] = flagsOf(event);
  let at = 3;
  for (const text of [stream, revision, id, type, recordedAt]) at = put(text, at);
  return put(metadata, put(data, at));
}

function flagsOf({ data, metadata }: Recorded): number {
  const isObject = typeof metadata === 'object' && !(metadata instanceof Uint8Array) && !Array.isArray(metadata);
  return (data instanceof Uint8Array ? 0 : DATA_IS_JSON) + (isObject && metadata !== null ? METADATA_IS_OBJECT : 0);
}

function put(content: string | Uint8Array, at: number): number {
  const from = at + 4;
  let length = content.length;
  if (typeof content === 'string') length = scratch.write(content, from, 'utf8');
  else scratch.set(content, from);
  scratch.writeUInt32BE(length, at);
  return from + length;
}

function reserve(bytes: number): void {
  if (bytes <= scratch.length) return;
  scratch = Buffer.alloc(2 * bytes);
  scratch[0] = LEAF_PREFIX;
}
