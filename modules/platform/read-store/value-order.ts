import type { Json, JsonObject } from '#kernel/json';

/** Of values of different types, the one of the smaller rank comes first. Missing counts as null. */
export enum Rank {
  Null,
  Number,
  String,
  Object,
  Array,
  Boolean,
}

export function rankOf(value: Json | undefined): Rank {
  switch (typeof value) {
    case 'number':
      return Rank.Number;
    case 'string':
      return Rank.String;
    case 'boolean':
      return Rank.Boolean;
    default:
      return value === null || value === undefined ? Rank.Null : Array.isArray(value) ? Rank.Array : Rank.Object;
  }
}

/**
 * MongoDB's order over all JSON values: negative if `a` comes first, 0 if they are equal. Fields of objects count in the order
 * in which they stand, so `{a, b}` and `{b, a}` are different values.
 */
export function compareValues(a: Json | undefined, b: Json | undefined): number {
  if (a === b) return 0;
  const rank = rankOf(a);
  const difference = rank - rankOf(b);
  if (difference !== 0) return difference;
  switch (rank) {
    case Rank.Null:
      return 0;
    case Rank.Number:
    case Rank.Boolean:
      return a! < b! ? -1 : a! > b! ? 1 : 0;
    case Rank.String:
      return compareTexts(a as string, b as string);
    case Rank.Array:
      return compareArrays(a as Json[], b as Json[]);
    case Rank.Object:
      return compareObjects(a as JsonObject, b as JsonObject);
  }
}

const BEYOND_ASCII_ORDER = /[\ud800-\uffff]/;

/**
 * By UTF-8 bytes, that is by code points, as SQLite and MongoDB do. UTF-16 gives another order only from the surrogates on; half
 * of a surrogate pair counts as U+FFFD, which is what becomes of it in UTF-8.
 */
export function compareTexts(a: string, b: string): number {
  if (a === b) return 0;
  if (!BEYOND_ASCII_ORDER.test(a) || !BEYOND_ASCII_ORDER.test(b)) return a < b ? -1 : 1;
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function compareArrays(a: readonly Json[], b: readonly Json[]): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const order = compareValues(a[i], b[i]);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

/** Field by field: type, then name, then value. */
function compareObjects(a: JsonObject, b: JsonObject): number {
  const [ours, theirs] = [Object.keys(a), Object.keys(b)];
  const shared = Math.min(ours.length, theirs.length);
  for (let i = 0; i < shared; i++) {
    const [left, right] = [a[ours[i]!], b[theirs[i]!]];
    const order = rankOf(left) - rankOf(right) || compareTexts(ours[i]!, theirs[i]!) || compareValues(left, right);
    if (order !== 0) return order;
  }
  return ours.length - theirs.length;
}
