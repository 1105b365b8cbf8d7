import type { ObjectRef } from '#kernel/object-type';
import { InvalidStreamName } from './event-store.errors.js';

const IDENTIFIER = /^[A-Za-z][A-Za-z0-9_]*$/;
/** Control characters, line separators, and the marks that turn the direction of text round (CVE-2021-42574). */
const UNPRINTABLE = '\\u0000-\\u001f\\u007f-\\u009f\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069\\ufeff';

/** Printable text: no lone surrogates either. */
export const PRINTABLE = new RegExp(`^[^${UNPRINTABLE}\\ud800-\\udfff]+$`, 'u');

/** The same for JSON Schema: many tools cannot read a pattern with surrogates, and their texts have no lone ones. */
export const PRINTABLE_PATTERN = `^[^${UNPRINTABLE}]+$`;

/** Longest object id, in UTF-16 code units. */
export const MAX_ID_LENGTH = 200;

/** Longest name of a stream, in UTF-16 code units, without the `$$` of a metadata stream. */
export const MAX_STREAM_NAME_LENGTH = 500;

/** Longest tenant or type. */
export const MAX_NAME_LENGTH = 100;

const METADATA_PREFIX = '$$';

/** Throws InvalidStreamName where no stream can be called so; those of objects have a stricter form, see {@link streamName}. */
export function checkStreamName(name: string): void {
  const bare = name.startsWith(METADATA_PREFIX) ? name.slice(METADATA_PREFIX.length) : name;
  if (name === '$all') throw new InvalidStreamName(name, 'that stands for the global order. Read it with readAll.');
  if (bare.length > MAX_STREAM_NAME_LENGTH || !PRINTABLE.test(bare)) {
    throw new InvalidStreamName(name, `it must be 1 to ${MAX_STREAM_NAME_LENGTH} printable characters.`);
  }
}

/** The stream that holds the metadata of this one. Throws InvalidStreamName for a metadata stream, which has none. */
export function metadataStreamOf(name: string): string {
  if (!name.startsWith(METADATA_PREFIX)) return METADATA_PREFIX + name;
  throw new InvalidStreamName(
    name,
    'a metadata stream has no metadata and cannot be deleted. Name the stream it describes.',
  );
}

/** The stream whose metadata this one holds; undefined where it is none such. */
export function describedStreamOf(name: string): string | undefined {
  if (!name.startsWith(METADATA_PREFIX)) return undefined;
  const described = name.slice(METADATA_PREFIX.length);
  return described.startsWith(METADATA_PREFIX) ? undefined : described;
}

/** The stream of an object: `<tenant>.<type>-<id>`. Throws InvalidStreamName where a part has another form. */
export function streamName(tenant: string, { type, id }: ObjectRef): string {
  const name = `${tenant}.${type}-${id}`;
  if (!isIdentifier(tenant)) throw new InvalidStreamName(name, `the tenant ${IDENTIFIER_CURE}`);
  if (!isIdentifier(type)) throw new InvalidStreamName(name, `the type ${IDENTIFIER_CURE}`);
  if (!isObjectId(id)) {
    throw new InvalidStreamName(name, `the id must be 1 to ${MAX_ID_LENGTH} printable characters.`);
  }
  return name;
}

/** The parts of a stream name. Throws InvalidStreamName. */
export function parseStreamName(name: string): ObjectRef & { tenant: string } {
  const dot = name.indexOf('.');
  const dash = name.indexOf('-');
  if (dot < 1 || dash < dot) throw new InvalidStreamName(name, 'it must look like <tenant>.<type>-<id>.');
  const parts = { tenant: name.slice(0, dot), type: name.slice(dot + 1, dash), id: name.slice(dash + 1) };
  streamName(parts.tenant, parts);
  return parts;
}

const IDENTIFIER_CURE = `must be a letter, then letters, digits or '_', at most ${MAX_NAME_LENGTH} in all.`;

/** A tenant, a type or a noun. */
export function isIdentifier(text: string): boolean {
  return text.length <= MAX_NAME_LENGTH && IDENTIFIER.test(text);
}

export function isObjectId(text: unknown): text is string {
  return typeof text === 'string' && text.length <= MAX_ID_LENGTH && PRINTABLE.test(text);
}
