import type { Json } from './json.js';

/** A personal value as it is stored: opaque to states, projections and exports, which copy it like any other value. */
export interface Sealed {
  readonly $sealed: string;
}

/** Whether this is a sealed value, or claims to be one: nothing of a client's may. */
export function isSealed(value: unknown): value is Sealed {
  return typeof value === 'object' && value !== null && '$sealed' in value;
}

/** Values of one event that are about one subject. */
export interface PersonalData {
  /** Whose they are: an id of 1 to 200 printable characters. It stays readable for ever, so it must not be personal itself. */
  readonly subject: string;
  /** JSON pointers (RFC 6901) into the event's data; `*` stands for every element of an array and every member of an object. */
  readonly fields: readonly string[];
}

/** The segments of a JSON pointer. */
export function segmentsOf(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/**
 * The value with what the pointer leads to replaced by `by(value)`; the value itself where it leads nowhere. Nothing is changed in
 * place. `null` counts as nothing: it says that there is no value. Where text or a number stands in the place of an object that
 * the pointer goes through, that is replaced: what is not as expected is rather too well hidden than not at all.
 */
export function replaceAt<T extends Json>(value: T, segments: readonly string[], by: (value: Json) => Json): T {
  return replaced(value, segments, by) as T;
}

function replaced(value: Json, [key, ...rest]: readonly string[], by: (value: Json) => Json): Json {
  if (value === null || value === undefined) return value;
  if (key === undefined || typeof value !== 'object') return by(value);
  if (Array.isArray(value)) {
    if (key !== '*' && !/^\d+$/.test(key)) return value.length === 0 ? value : by(value);
    return value.map((item, index) => (key === '*' || String(index) === key ? replaced(item, rest, by) : item));
  }
  const keys = key === '*' ? Object.keys(value) : Object.hasOwn(value, key) ? [key] : [];
  if (keys.length === 0 || isSealed(value)) return value;
  return { ...value, ...Object.fromEntries(keys.map((name) => [name, replaced(value[name]!, rest, by)])) };
}
