import type { JsonObject } from '#kernel/json';
import { InvalidInput, type Violation } from '#kernel/errors';
import type { EncodedEvent } from './event-row.js';
import type { StreamMetadata } from './event-store.port.js';

/** Types of the events of a metadata stream, in EventStoreDB's words. */
export const METADATA_TYPE = '$metadata';
export const TOMBSTONE_TYPE = '$streamDeleted';

/** `$tb` of a soft deletion: 2^63 - 1, the last revision that there can be. No JavaScript number is exactly that. */
const NEVER = '9223372036854775807';

/** What an event of type `$metadata` says. */
export interface DescribedStream {
  readonly metadata: StreamMetadata;
  /** Whether it is a soft deletion. */
  readonly deleted: boolean;
}

/**
 * Where a softly deleted stream begins anew. EventStoreDB has no key for it: once the stream is there again, nothing but this tells what
 * was deleted from what was only truncated.
 */
const DELETED_BEFORE = 'perdureDeletedBefore';

const KEYS = { maxCount: '$maxCount', maxAge: '$maxAge', truncateBefore: '$tb' } as const;
const OWN = { maxCount: 'maxCount', maxAge: 'maxAge', truncateBefore: 'truncateBefore' };

/** Throws InvalidInput where a value is not a whole number, or too small. */
export function checkMetadata(metadata: StreamMetadata, pointers: Record<keyof StreamMetadata, string> = OWN): void {
  const violations = Object.entries(KEYS).flatMap(([name]): Violation[] => {
    const key = name as keyof StreamMetadata;
    const value = metadata[key];
    const least = key === 'truncateBefore' ? 0 : 1;
    if (value === undefined || (Number.isSafeInteger(value) && value >= least)) return [];
    return [{ pointer: `/${pointers[key]}`, detail: `It must be a whole number from ${least}.` }];
  });
  if (violations.length > 0) throw notMetadata(violations);
}

/**
 * The data of a `$metadata` event, as JSON. What is not ours in the current one, such as `$acl`, stays; and what was deleted before a
 * revision stays hidden.
 */
export function formatMetadata(
  { maxCount, maxAge, truncateBefore }: StreamMetadata,
  current: JsonObject = {},
  deletedBefore = deletedBeforeIn(current),
): string {
  const $tb = deletedBefore === undefined ? truncateBefore : Math.max(truncateBefore ?? 0, deletedBefore);
  return JSON.stringify({
    ...current,
    ...{ $maxCount: maxCount, $maxAge: maxAge, $tb },
    [DELETED_BEFORE]: deletedBefore,
  });
}

/** The data of a `$metadata` event that says what a soft deletion is about to hide, and leaves everything as it was. */
export function formatForeboding(current: JsonObject, deletedBefore: number): string {
  return JSON.stringify({ ...current, [DELETED_BEFORE]: deletedBefore });
}

/** The data of a `$metadata` event that deletes the stream softly and leaves everything else as it was. */
export function formatDeletion(current: JsonObject, deletedBefore = current[DELETED_BEFORE]): string {
  const { $tb: _, ...others } = current;
  const rest = JSON.stringify({ ...others, [DELETED_BEFORE]: deletedBefore }).slice(1);
  return `{"$tb":${NEVER}${rest === '}' ? '' : ','}${rest}`;
}

/** The data of a `$metadata` event that shows what comes from this revision on, and leaves everything else as it was. */
export function formatRevival(current: JsonObject, revision: number): string {
  return JSON.stringify({ ...current, $tb: revision });
}

/** Undefined where nothing was deleted: a deletion that was only foretold did not truncate the stream. */
function deletedBeforeIn({ $tb, [DELETED_BEFORE]: deletedBefore }: JsonObject): number | undefined {
  return typeof deletedBefore === 'number' && typeof $tb === 'number' && $tb >= deletedBefore
    ? deletedBefore
    : undefined;
}

/** Reads the data of a `$metadata` event. Throws InvalidInput where it is not metadata. */
export function parseMetadata(data: string | Uint8Array): DescribedStream {
  const { $maxCount, $maxAge, $tb } = metadataObject(data);
  const deleted = typeof $tb === 'number' && $tb > Number.MAX_SAFE_INTEGER;
  const metadata = {
    ...($maxCount !== undefined && { maxCount: $maxCount as number }),
    ...($maxAge !== undefined && { maxAge: $maxAge as number }),
    ...($tb !== undefined && !deleted && { truncateBefore: $tb as number }),
  };
  checkMetadata(metadata, KEYS);
  return { metadata, deleted };
}

/** The same for what another store let through: what is not metadata says nothing, as in EventStoreDB. */
export function readMetadata(data: string | Uint8Array): DescribedStream {
  try {
    return parseMetadata(data);
  } catch {
    return { metadata: {}, deleted: false };
  }
}

/** All keys of a `$metadata` event's data. Throws InvalidInput where it is not a JSON object. */
export function metadataObject(data: string | Uint8Array): JsonObject {
  const value = typeof data === 'string' ? (JSON.parse(data) as unknown) : undefined;
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw notMetadata([{ pointer: '', detail: 'It must be a JSON object, such as {"$maxCount": 10}.' }]);
}

/** Says it in the message, too, since not every protocol has room for more. */
function notMetadata(violations: readonly Violation[]): InvalidInput {
  const details = violations.map(({ pointer, detail }) => `${pointer.slice(1)} ${detail}`.trim());
  return new InvalidInput(violations, `This is not the metadata of a stream. ${details.join(' ')}`);
}

/**
 * Throws InvalidInput where an event for a metadata stream would have an effect that is not understood, or one for ever, which only
 * a deletion may have.
 */
export function checkMetadataEvents(events: readonly EncodedEvent[]): void {
  for (const { type, data } of events) {
    if (type === METADATA_TYPE) parseMetadata(data);
    if (type !== TOMBSTONE_TYPE) continue;
    throw new InvalidInput([
      { pointer: '/type', detail: 'Delete the stream with a tombstone, which writes this event.' },
    ]);
  }
}
