import type { Json, JsonObject } from '#kernel/json';
import { childOf, type Path } from './document-path.js';
import { Rank, compareTexts, rankOf } from './value-order.js';

/**
 * What a key column holds of a document: SQLite's own order over numbers, texts and blobs is then the order of values, without a
 * function of ours in the file. Null and missing are below all numbers, so that no key is NULL and every comparison of keys is true
 * or false. Objects and arrays only leave a mark of what they are.
 */
export type Key = number | string | Uint8Array;

export const NULL_KEY = -Infinity;
export const OBJECT_KEY = Uint8Array.of(1);
export const ARRAY_KEY = Uint8Array.of(2);
const FALSE_KEY = Uint8Array.of(3, 0);
const TRUE_KEY = Uint8Array.of(3, 1);
/** Lies between all texts and all blobs. */
const AFTER_TEXTS = new Uint8Array();
const AFTER_ALL = Uint8Array.of(4);

/** What the documents of a collection have shown at a path so far, from what an index can say most about to least. */
export enum Shape {
  Scalars,
  Objects,
  Arrays,
}

export function keyOf(value: Json | undefined): Key {
  switch (rankOf(value)) {
    case Rank.Null:
      return NULL_KEY;
    case Rank.Number:
      // A number that is too large for a double is null in the stored JSON, too.
      return Number.isFinite(value) ? (value as number) : NULL_KEY;
    case Rank.String:
      return value as string;
    case Rank.Object:
      return OBJECT_KEY;
    case Rank.Array:
      return ARRAY_KEY;
    case Rank.Boolean:
      return value ? TRUE_KEY : FALSE_KEY;
  }
}

/** The key of a document at a path. An array anywhere on the way makes it the mark of arrays. */
export function keyAt(document: JsonObject, path: Path): Key {
  let value: Json | undefined = document;
  for (const segment of path) {
    value = childOf(value, segment);
    if (Array.isArray(value)) return ARRAY_KEY;
    if (value === undefined) return NULL_KEY;
  }
  return keyOf(value);
}

export function shapeOf(key: Key): Shape {
  return key === ARRAY_KEY ? Shape.Arrays : key === OBJECT_KEY ? Shape.Objects : Shape.Scalars;
}

/** In SQLite's order. */
export function compareKeys(a: Key, b: Key): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b || 0;
  if (typeof a === 'string' && typeof b === 'string') return compareTexts(a, b);
  if (typeof a === 'object' && typeof b === 'object') return Buffer.compare(a, b);
  return kind(a) - kind(b);
}

function kind(key: Key): number {
  return typeof key === 'number' ? 0 : typeof key === 'string' ? 1 : 2;
}

/** The keys from `low` to `high`. */
export interface Interval {
  readonly low: Key;
  readonly high: Key;
  /** Whether the ends belong to it. */
  readonly withLow: boolean;
  readonly withHigh: boolean;
}

export const ALL: Interval = { low: NULL_KEY, high: AFTER_ALL, withLow: true, withHigh: false };
export const TEXTS: Interval = { low: '', high: AFTER_TEXTS, withLow: true, withHigh: false };
const NUMBERS: Interval = { low: NULL_KEY, high: '', withLow: false, withHigh: false };
const BOOLEANS: Interval = { low: FALSE_KEY, high: TRUE_KEY, withLow: true, withHigh: true };

export function point(key: Key): Interval {
  return { low: key, high: key, withLow: true, withHigh: true };
}

export function isPoint({ low, high }: Interval): boolean {
  return compareKeys(low, high) === 0;
}

/** All keys of values of the operand's type. */
export function keysOfType(operand: Json): Interval {
  switch (rankOf(operand)) {
    case Rank.Number:
      return NUMBERS;
    case Rank.String:
      return TEXTS;
    case Rank.Boolean:
      return BOOLEANS;
    default:
      return point(keyOf(operand));
  }
}

/** What lies in both lists. Both are in order and their intervals do not touch; so is the answer. */
export function intersect(ours: readonly Interval[], theirs: readonly Interval[]): Interval[] {
  const result: Interval[] = [];
  for (let i = 0, j = 0; i < ours.length && j < theirs.length;) {
    const both = overlap(ours[i]!, theirs[j]!);
    if (both) result.push(both);
    if (compareEnds(ours[i]!, theirs[j]!) <= 0) i++;
    else j++;
  }
  return result;
}

/** Which of the two ends first. */
function compareEnds(a: Interval, b: Interval): number {
  return compareKeys(a.high, b.high) || Number(a.withHigh) - Number(b.withHigh);
}

function overlap(a: Interval, b: Interval): Interval | undefined {
  const low = compareKeys(a.low, b.low);
  const high = compareKeys(a.high, b.high);
  const both = {
    low: low >= 0 ? a.low : b.low,
    withLow: low > 0 ? a.withLow : low < 0 ? b.withLow : a.withLow && b.withLow,
    high: high <= 0 ? a.high : b.high,
    withHigh: high < 0 ? a.withHigh : high > 0 ? b.withHigh : a.withHigh && b.withHigh,
  };
  const order = compareKeys(both.low, both.high);
  return order < 0 || (order === 0 && both.withLow && both.withHigh) ? both : undefined;
}

/** What lies in any of them, as intervals that do not touch, in order. */
export function union(intervals: readonly Interval[]): Interval[] {
  const sorted = intervals.toSorted((a, b) => compareKeys(a.low, b.low) || Number(b.withLow) - Number(a.withLow));
  const result: Interval[] = [];
  for (const next of sorted) {
    const last = result.at(-1);
    const gap = last && compareKeys(last.high, next.low);
    if (!last || gap! < 0 || (gap === 0 && !last.withHigh && !next.withLow)) result.push(next);
    else result[result.length - 1] = joined(last, next);
  }
  return result;
}

function joined(a: Interval, b: Interval): Interval {
  const { high, withHigh } = compareEnds(a, b) >= 0 ? a : b;
  return { low: a.low, withLow: a.withLow, high, withHigh };
}
