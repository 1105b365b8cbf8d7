import type { DocumentOrder, OrderKey } from './document-order.js';
import type { CollectionIndex, SqliteCollection } from './sqlite-collection.js';
import { boundsOf, conditionOf, sqlOf, type Condition, type KeyColumn, type Sql } from './sqlite-condition.js';
import type { Filter } from './read-store.port.js';
import { ALL, Shape, isPoint, keyOf, shapeOf, type Interval, type Key } from './sqlite-key.js';

/** The way through a collection that looks at the fewest documents. */
export interface Plan {
  readonly index: CollectionIndex;
  /** Whether the index leaves documents out. */
  readonly narrows: boolean;
  /** Whether candidates come in the order that is asked for. */
  readonly ordered: boolean;
  /** Whether every candidate matches. */
  readonly exact: boolean;
  /** What candidates must fulfil beside lying in the index's bounds; undefined for nothing. */
  readonly residual: Sql | undefined;
  /** Columns of the index that have one key only in all candidates, with that key. */
  readonly fixed: readonly { readonly column: KeyColumn; readonly key: Key }[];
  /** The columns after those: candidates come in their order, then by id. */
  readonly rest: readonly KeyColumn[];
  /** Where the first of the rest (the id, where there is none) may lie; in order, not touching. */
  readonly bounds: readonly Interval[];
  readonly direction: 1 | -1;
}

/** SQLite takes 32,766 parameters; some are left for where a step begins and ends. */
const MAX_PARAMETERS = 32_000;

/** A filter put against the key columns, and the best of the indexes for it. */
export function planOf(collection: SqliteCollection, filter: Filter, order: DocumentOrder): Plan {
  const condition = conditionOf(filter, collection.filterColumns);
  const sql = sqlOf(condition);
  const fits = (sql?.values.length ?? 0) <= MAX_PARAMETERS;
  const exact = condition.exact && fits;
  const residual = fits ? sql : undefined;
  const plans = [collection.primary, ...collection.indexes].map((index) => ({
    ...through(index, condition, order),
    exact,
    residual,
  }));
  return plans.reduce((best, plan) => (merit(plan) > merit(best) ? plan : best));
}

function through(index: CollectionIndex, condition: Condition, order: DocumentOrder) {
  const bounds = index.columns.map((column) => boundsOf(condition, column));
  const open = bounds.findIndex((within) => within.length !== 1 || !isPoint(within[0]!));
  const isPrimary = index.sql === undefined;
  // The primary key has no id behind it, and is never read further than to its own column.
  const length = isPrimary ? 0 : open < 0 ? index.columns.length : open;
  const fixed = index.columns.slice(0, length).map((column, i) => ({ column, key: bounds[i]![0]!.low }));
  const rest = isPrimary ? [] : index.columns.slice(length);
  const within = bounds[length] ?? [ALL];
  const ordered = serves(order, fixed, rest);
  return {
    index,
    fixed,
    rest,
    bounds: within,
    narrows: length > 0 || within.length !== 1 || !isAll(within[0]!),
    ordered,
    direction: ordered ? order.idDirection : (1 as const),
  };
}

function serves({ fields, idDirection }: DocumentOrder, fixed: Plan['fixed'], rest: readonly KeyColumn[]): boolean {
  // Objects and arrays leave only a mark in the index: the same key is not the same value there, and has no order.
  const constant = fixed.filter(({ key }) => shapeOf(key) === Shape.Scalars);
  const open = fields.filter(({ name }) => !constant.some(({ column }) => column.path === name));
  return (
    open.length === rest.length &&
    open.every(({ name, direction }, i) => name === rest[i]!.path && direction === idDirection) &&
    rest.every(({ shape }) => shape === Shape.Scalars)
  );
}

function isAll({ low, high, withLow }: Interval): boolean {
  return low === ALL.low && withLow && high === ALL.high;
}

/** Columns that are fixed leave the fewest, then those with bounds; the order decides between equals. */
function merit({ index, fixed, bounds, narrows, ordered }: Plan): number {
  const one = index.sql === undefined && bounds.length === 1 && isPoint(bounds[0]!);
  return (one ? 1_000 : 0) + fixed.length * 4 + (narrows ? 2 : 0) + (ordered ? 1 : 0);
}

/** A place in the order of a plan: the keys of its rest columns, and the id. */
export type Place = readonly Key[];

/** Where the plan goes on after a document; only for a plan that is ordered. */
export function placeAfter({ rest }: Plan, order: DocumentOrder, { values, id }: OrderKey): Place {
  const keyFor = ({ path }: KeyColumn): Key => keyOf(values[order.fields.findIndex(({ name }) => name === path)]![0]);
  return [...rest.map(keyFor), id];
}
