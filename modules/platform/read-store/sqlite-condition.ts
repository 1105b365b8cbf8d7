import type { Json, JsonObject } from '#kernel/json';
import { ID_PATH } from './document-path.js';
import { isCombining, isElementFilter, isOperators } from './filter-form.js';
import { prefixOf } from './linear-regex.js';
import type { Filter } from './read-store.port.js';
import { ALL, ARRAY_KEY, TEXTS, Shape, intersect, isPoint, keyOf, keysOfType, point, union } from './sqlite-key.js';
import type { Interval, Key } from './sqlite-key.js';

/** A column of keys, with what is known of the values behind it. */
export interface KeyColumn {
  /** As it stands in SQL, quoted. */
  readonly sql: string;
  readonly path: string;
  readonly shape: Shape;
}

/**
 * What the key columns say about a filter: never less than all documents that match it. Where `exact` holds, just those.
 * `any` knows nothing.
 */
export type Condition =
  | { readonly kind: 'any'; readonly exact: false }
  | { readonly kind: 'keys'; readonly exact: boolean; readonly column: KeyColumn; readonly within: readonly Interval[] }
  | { readonly kind: 'and' | 'or'; readonly exact: boolean; readonly of: readonly Condition[] }
  | { readonly kind: 'not'; readonly exact: true; readonly of: Condition };

const UNKNOWN: Condition = { kind: 'any', exact: false };

export function conditionOf(filter: Filter, columns: readonly KeyColumn[]): Condition {
  return all(
    Object.entries(filter).map(([key, condition]) => {
      if (isCombining(key))
        return combined(
          key,
          (condition as Filter[]).map((part) => conditionOf(part, columns)),
        );
      const column = columns.find(({ path }) => path === key);
      if (!column) return UNKNOWN;
      return isOperators(condition) ? onOperators(column, condition) : onOperator(column, '$eq', condition, {});
    }),
  );
}

function combined(operator: '$and' | '$or' | '$nor', parts: readonly Condition[]): Condition {
  return operator === '$and' ? all(parts) : operator === '$or' ? some(parts) : not(some(parts));
}

function all(parts: readonly Condition[]): Condition {
  return { kind: 'and', exact: parts.every(({ exact }) => exact), of: parts };
}

function some(parts: readonly Condition[]): Condition {
  return { kind: 'or', exact: parts.every(({ exact }) => exact), of: parts };
}

/** Of more than what matches, the opposite would be too little. */
function not(condition: Condition): Condition {
  return condition.exact ? { kind: 'not', exact: true, of: condition } : UNKNOWN;
}

function onOperators(column: KeyColumn, operators: JsonObject): Condition {
  return all(Object.entries(operators).map(([name, operand]) => onOperator(column, name, operand, operators)));
}

function onOperator(column: KeyColumn, name: string, operand: Json, siblings: JsonObject): Condition {
  switch (name) {
    case '$eq':
      return keys(column, [point(keyOf(operand))], isScalar(operand));
    case '$ne':
      return not(onOperator(column, '$eq', operand, siblings));
    case '$in':
      return keys(column, (operand as Json[]).map(keyOf).map(point), (operand as Json[]).every(isScalar));
    case '$nin':
      return not(onOperator(column, '$in', operand, siblings));
    case '$gt':
    case '$gte':
    case '$lt':
    case '$lte':
      return keys(column, range(name, operand), isScalar(operand));
    case '$all':
      return onAll(column, operand as Json[]);
    case '$not':
      return not(onOperators(column, operand as JsonObject));
    case '$exists':
      return operand ? UNKNOWN : keys(column, [point(keyOf(null))], false);
    case '$regex':
      return onPattern(column, operand as string, siblings['$options']);
    case '$options':
      return all([]);
    default:
      // $size and $elemMatch: only arrays have what they ask for.
      return keys(column, [], column.shape < Shape.Arrays);
  }
}

/** An array may hide any value: it is always a candidate, and nothing is exact where there are some. */
function keys(column: KeyColumn, within: readonly Interval[], exact: boolean): Condition {
  if (column.path === ID_PATH) return { kind: 'keys', exact, column, within: intersect(union(within), [TEXTS]) };
  if (column.shape < Shape.Arrays) return { kind: 'keys', exact, column, within: union(within) };
  return { kind: 'keys', exact: false, column, within: union([...within, point(ARRAY_KEY)]) };
}

function onPattern(column: KeyColumn, pattern: string, options: Json = ''): Condition {
  const prefix = prefixOf(pattern, options as string);
  if (!prefix) return column.path === ID_PATH ? UNKNOWN : keys(column, [TEXTS], false);
  return keys(column, [{ low: prefix.from, withLow: true, high: prefix.to, withHigh: false }], false);
}

function onAll(column: KeyColumn, values: readonly Json[]): Condition {
  if (values.length === 0) return some([]);
  return all(
    values.map((value) => (isElementFilter(value) ? onOperators(column, value) : onOperator(column, '$eq', value, {}))),
  );
}

function isScalar(value: Json): boolean {
  return typeof value !== 'object' || value === null;
}

function range(operator: '$gt' | '$gte' | '$lt' | '$lte', operand: Json): Interval[] {
  const type = keysOfType(operand);
  const key = keyOf(operand);
  if (!isScalar(operand)) return [type];
  const withEnd = operator === '$gte' || operator === '$lte';
  const upwards: Interval = { ...ALL, low: key, withLow: withEnd };
  const downwards: Interval = { ...ALL, high: key, withHigh: withEnd };
  return intersect([type], [operator === '$gt' || operator === '$gte' ? upwards : downwards]);
}

/** Where the keys of a column lie in all documents that the condition holds for. */
export function boundsOf(condition: Condition, column: KeyColumn): readonly Interval[] {
  switch (condition.kind) {
    case 'keys':
      return condition.column === column ? condition.within : [ALL];
    case 'and':
      return condition.of.map((part) => boundsOf(part, column)).reduce(intersect, [ALL]);
    case 'or':
      return union(condition.of.flatMap((part) => boundsOf(part, column)));
    case 'any':
    case 'not':
      return [ALL];
  }
}

/** SQL with its parameters. */
export interface Sql {
  readonly text: string;
  readonly values: readonly Key[];
}

/** The condition as an SQL expression, true or false for every document; undefined where it holds for all. */
export function sqlOf(condition: Condition): Sql | undefined {
  switch (condition.kind) {
    case 'any':
      return undefined;
    case 'keys':
      return withinSql(condition.column.sql, condition.within);
    case 'and':
      return join(
        ' AND ',
        condition.of.map(sqlOf).filter((part) => part !== undefined),
      );
    case 'or': {
      const parts = condition.of.map(sqlOf);
      return parts.every((part) => part !== undefined) ? anyOf(parts) : undefined;
    }
    case 'not': {
      const part = sqlOf(condition.of) ?? { text: 'TRUE', values: [] };
      return { text: `NOT (${part.text})`, values: part.values };
    }
  }
}

/** Points stand in one list: SQLite limits how deep an expression may be. */
function withinSql(column: string, intervals: readonly Interval[]): Sql {
  const points = intervals.filter(isPoint).map(({ low }) => low);
  const others = intervals.filter((interval) => !isPoint(interval)).map((interval) => intervalSql(column, interval));
  if (points.length < 2) return anyOf(intervals.map((interval) => intervalSql(column, interval)));
  return anyOf([{ text: `${column} IN (${points.map(() => '?').join(', ')})`, values: points }, ...others]);
}

export function intervalSql(column: string, interval: Interval): Sql {
  const { low, high, withLow, withHigh } = interval;
  if (isPoint(interval)) return { text: `${column} = ?`, values: [low] };
  const parts: Sql[] = [];
  if (low !== ALL.low || !withLow) parts.push({ text: `${column} ${withLow ? '>=' : '>'} ?`, values: [low] });
  if (high !== ALL.high) parts.push({ text: `${column} ${withHigh ? '<=' : '<'} ?`, values: [high] });
  return join(' AND ', parts) ?? { text: 'TRUE', values: [] };
}

function anyOf(parts: readonly Sql[]): Sql {
  return join(' OR ', parts) ?? { text: 'FALSE', values: [] };
}

function join(word: ' AND ' | ' OR ', parts: readonly Sql[]): Sql | undefined {
  if (parts.length < 2) return parts[0];
  return { text: `(${parts.map(({ text }) => text).join(word)})`, values: parts.flatMap(({ values }) => values) };
}
