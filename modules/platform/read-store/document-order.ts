import type { Json, JsonObject } from '#kernel/json';
import { ID_PATH, childOf, isObject, pathOf, type Path } from './document-path.js';
import type { Sort, Stored } from './read-store.port.js';
import { compareTexts, compareValues } from './value-order.js';

/** What a document is sorted by for one field: the value in brackets. An empty array has none, and comes before null. */
export type SortValue = readonly [] | readonly [Json];

export interface OrderField {
  readonly name: string;
  readonly path: Path;
  readonly direction: 1 | -1;
}

/** The place of a document in an order. */
export interface OrderKey {
  readonly values: readonly SortValue[];
  readonly id: string;
}

/**
 * A total order: by fields, then by id in the direction of the last field, so that one order turned round is the other. Of an
 * array, the smallest element counts upwards and the largest downwards, as in MongoDB.
 */
export class DocumentOrder {
  readonly fields: readonly OrderField[];
  readonly idDirection: 1 | -1;

  constructor(sort: Sort) {
    const names = Object.keys(sort);
    const byId = names.indexOf(ID_PATH);
    // Nothing is left to be decided after the id.
    const leading = byId < 0 ? names : names.slice(0, byId);
    this.fields = leading.map((name) => ({ name, path: pathOf(name), direction: sort[name]! }));
    this.idDirection = byId < 0 ? (this.fields.at(-1)?.direction ?? 1) : sort[ID_PATH]!;
  }

  keyOf({ id, document }: Stored): OrderKey {
    return { id, values: this.fields.map(({ path, direction }) => sortValue(document, path, direction)) };
  }

  compare(a: OrderKey, b: OrderKey): number {
    for (const [i, { direction }] of this.fields.entries()) {
      const order = compareSortValues(a.values[i]!, b.values[i]!);
      if (order !== 0) return order * direction;
    }
    return compareTexts(a.id, b.id) * this.idDirection;
  }
}

function compareSortValues(a: SortValue, b: SortValue): number {
  return a.length === 1 && b.length === 1 ? compareValues(a[0], b[0]) : a.length - b.length;
}

function sortValue(document: JsonObject, path: Path, direction: 1 | -1): SortValue {
  const first = (a: SortValue, b: SortValue): SortValue => (compareSortValues(b, a) * direction < 0 ? b : a);
  return sortValues(document, path, 0).reduce(first);
}

/** The values that a path leads to, as an index in MongoDB has them: elements for an array, null for what is not there. */
function sortValues(holder: JsonObject, path: Path, from: number): SortValue[] {
  let value: Json | undefined = holder;
  for (let i = from; i < path.length; i++) {
    value = childOf(value, path[i]!);
    if (Array.isArray(value)) return elementValues(value, path, i + 1);
  }
  return [[value ?? null]];
}

function elementValues(array: Json[], path: Path, from: number): SortValue[] {
  const atEnd = from === path.length;
  if (array.length === 0) return atEnd ? [[]] : [[null]];
  if (atEnd) return array.map((element) => [element]);
  const named = childOf(array, path[from]!);
  if (named !== undefined)
    return Array.isArray(named) ? elementValues(named, path, from + 1) : below(named, path, from + 1);
  return array.flatMap((element) => (isObject(element) ? sortValues(element, path, from) : [[null]]));
}

function below(element: Json, path: Path, from: number): SortValue[] {
  if (from === path.length) return [[element]];
  return isObject(element) ? sortValues(element, path, from) : [[null]];
}
