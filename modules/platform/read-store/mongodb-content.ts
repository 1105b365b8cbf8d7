import type { Document } from 'mongodb';
import type { Json, JsonObject } from '#kernel/json';
import { DocumentNotStorable } from './read-store.errors.js';

/** Levels within one another in a document; MongoDB itself takes 100. */
const MAX_DEPTH = 90;
/** Stands for an array within an array, where the server takes none. */
const INNER_ARRAY = '%a';

/** Names that a server or the driver would read as something else than a name. */
const UNSAFE = /[.%\0]|^\$|^_bsontype$|^__proto__$/;
const ESCAPED = /%([0-9A-F]{2})/g;

/** A field's name as it is stored; most are stored as they are. */
export function storedName(name: string): string {
  if (!UNSAFE.test(name)) return name;
  const inside = name.replace(/[.%\0]/g, percent);
  return inside.replace(/^\$|^_(?=bsontype$|_proto__$)/, percent);
}

/** A dotted path of the port, below the field that holds the document. */
export function storedPath(path: string, below: string): string {
  return [...(below ? [below] : []), ...path.split('.').map(storedName)].join('.');
}

/** What JSON makes of a document, with names that are safe. Throws DocumentNotStorable. */
export function stored(document: object, innerArrays: boolean): Document {
  return encoded(jsonOf(document, ''), innerArrays, 0) as Document;
}

/** An operand of a filter, in the form of what it is compared with. */
export function storedValue(value: Json): unknown {
  return encoded(value, true, 0);
}

/** The document as it was. */
export function restored(content: unknown): JsonObject {
  return decoded(content) as JsonObject;
}

function encoded(value: unknown, innerArrays: boolean, depth: number): unknown {
  if (depth > MAX_DEPTH) {
    throw new DocumentNotStorable(`A document has at most ${MAX_DEPTH} levels within one another; this one has more.`);
  }
  if (typeof value === 'number') return Number.isFinite(value) ? value || 0 : null;
  if (typeof value === 'bigint') throw new DocumentNotStorable('A BigInt is not JSON. Write it as a text.');
  if (typeof value !== 'object' || value === null) return value;
  if (!Array.isArray(value)) return encodedObject(value as JsonObject, innerArrays, depth);
  return value.map((element, i) => {
    const inner = encoded(jsonOf(element, String(i)) ?? null, innerArrays, depth + 1);
    return Array.isArray(inner) && !innerArrays ? { [INNER_ARRAY]: inner } : inner;
  });
}

function encodedObject(value: JsonObject, innerArrays: boolean, depth: number): Document {
  const object: Document = {};
  for (const name of Object.keys(value)) {
    const inner = jsonOf(value[name], name);
    if (inner !== undefined) object[storedName(name)] = encoded(inner, innerArrays, depth + 1);
  }
  return object;
}

/** What `JSON.stringify` would take for a value: undefined where it would leave it out. */
function jsonOf(value: unknown, key: string): unknown {
  const { toJSON } = (value ?? {}) as { toJSON?: unknown };
  const json: unknown = typeof toJSON === 'function' ? (toJSON.call(value, key) as unknown) : value;
  return typeof json === 'function' || typeof json === 'symbol' ? undefined : json;
}

function decoded(value: unknown): Json {
  if (typeof value !== 'object' || value === null) return value as Json;
  if (Array.isArray(value)) return value.map(decoded);
  const entries = Object.entries(value);
  if (entries.length === 1 && entries[0]![0] === INNER_ARRAY) return decoded(entries[0]![1]);
  const object: JsonObject = {};
  for (const [name, inner] of entries) {
    if (!name.includes('%')) object[name] = decoded(inner);
    else
      define(
        object,
        name.replace(ESCAPED, (_, code: string) => String.fromCharCode(parseInt(code, 16))),
        inner,
      );
  }
  return object;
}

/** `__proto__` cannot be assigned. */
function define(object: JsonObject, name: string, inner: unknown): void {
  const descriptor = { value: decoded(inner), enumerable: true, configurable: true, writable: true };
  Object.defineProperty(object, name, descriptor);
}

function percent(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}
