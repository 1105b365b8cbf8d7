import type { Document } from 'mongodb';
import type { Json, JsonObject } from '#kernel/json';
import { ID_PATH } from './document-path.js';
import { isCombining, isElementFilter, isOnFields, isOperators } from './filter-form.js';
import { prefixOf } from './linear-regex.js';
import { DOCUMENT } from './mongodb-document.js';
import { storedPath, storedValue } from './mongodb-content.js';
import type { Filter } from './read-store.port.js';

/**
 * A filter as the server decides it: never less than all documents that match. Where `exact` holds, just those. `index` narrows
 * the candidates.
 */
export interface Condition {
  readonly filter: Document;
  readonly exact: boolean;
  readonly index?: string | undefined;
}

/** What the server can be trusted with. */
export interface Reading {
  /** Paths into objects and arrays, comparisons of objects and arrays, `$elemMatch`. Without it: values of plain fields. */
  readonly deep: boolean;
  /** The index that begins with this path. */
  indexOf(path: string): string | undefined;
}

const EVERYTHING: Condition = { filter: {}, exact: false };
const NOTHING: Condition = { filter: { _id: { $in: [] } }, exact: true };

export function conditionOf(filter: Filter, reading: Reading, below = DOCUMENT): Condition {
  const parts = Object.entries(filter).map(([key, condition]) => {
    if (isCombining(key)) {
      const parts = (condition as Filter[]).map((part) => conditionOf(part, reading, below));
      return key === '$and' ? all(parts) : key === '$or' ? some(parts) : not(some(parts));
    }
    const field = fieldOf(key, reading, below);
    return isOperators(condition) ? onOperators(field, condition) : equal(field, condition);
  });
  return all(parts);
}

interface Field {
  readonly name: string;
  /** Whether the server reads the path as we do. */
  readonly known: boolean;
  readonly flat: boolean;
  readonly isId: boolean;
  readonly index: string | undefined;
  readonly reading: Reading;
}

function fieldOf(path: string, reading: Reading, below: string): Field {
  const flat = !path.includes('.');
  const isId = path === ID_PATH && below === DOCUMENT;
  // A number names an element or a field, and a part of the id is nothing that is stored.
  const odd = path.split('.').some((segment) => /^\d+$/.test(segment)) || (!isId && path.startsWith(ID_PATH));
  return {
    name: isId ? ID_PATH : storedPath(path, below),
    known: !odd && (flat || reading.deep),
    flat,
    isId,
    index: below === DOCUMENT ? (isId ? 'id' : reading.indexOf(path)) : undefined,
    reading,
  };
}

function all(parts: readonly Condition[]): Condition {
  const filters = parts.map(({ filter }) => filter).filter(asksSomething);
  const filter = filters.length > 1 ? { $and: filters } : (filters[0] ?? {});
  const index = parts.find(({ index }) => index === 'id')?.index ?? parts.find(({ index }) => index)?.index;
  return { filter, exact: parts.every(({ exact }) => exact), index };
}

function some(parts: readonly Condition[]): Condition {
  const exact = parts.every(({ exact }) => exact);
  if (!parts.every(({ filter }) => asksSomething(filter))) return { filter: {}, exact };
  const index = parts.every(({ index }) => index) ? parts[0]?.index : undefined;
  return { filter: { $or: parts.map(({ filter }) => filter) }, exact, index };
}

/** Of more than what matches, the opposite would be too little. */
function not({ filter, exact }: Condition): Condition {
  if (!exact) return EVERYTHING;
  return asksSomething(filter) ? { filter: { $nor: [filter] }, exact } : NOTHING;
}

function asksSomething(filter: Document): boolean {
  return Object.keys(filter).length > 0;
}

function onOperators(field: Field, operators: JsonObject): Condition {
  return all(Object.entries(operators).map(([name, operand]) => onOperator(field, name, operand, operators)));
}

function onOperator(field: Field, name: string, operand: Json, siblings: JsonObject): Condition {
  switch (name) {
    case '$eq':
      return equal(field, operand);
    case '$ne':
      return not(equal(field, operand));
    case '$in':
      return oneOf(field, operand as Json[]);
    case '$nin':
      return not(oneOf(field, operand as Json[]));
    case '$gt':
    case '$gte':
    case '$lt':
    case '$lte':
      return compared(field, name, operand);
    case '$all':
      return onAll(field, operand as Json[]);
    case '$not':
      return not(onOperators(field, operand as JsonObject));
    case '$exists':
      return operand ? exists(field) : not(exists(field));
    case '$size':
      return field.known && !field.isId ? asked(field, { $size: operand }, true) : EVERYTHING;
    case '$regex':
      return onPattern(field, operand as string, siblings['$options'] as string | undefined);
    case '$options':
      return all([]);
    default:
      return onElement(field, operand as JsonObject);
  }
}

function asked({ name, index }: Field, condition: unknown, exact: boolean, narrows = false): Condition {
  return { filter: { [name]: condition }, exact, index: narrows ? index : undefined };
}

function equal(field: Field, value: Json): Condition {
  if (field.isId && typeof value !== 'string') return NOTHING;
  if (!field.known || !isComparable(field, value)) return EVERYTHING;
  return asked(field, { $eq: storedValue(value) }, isSure(field, value), true);
}

function oneOf(field: Field, values: readonly Json[]): Condition {
  const possible = field.isId ? values.filter((value) => typeof value === 'string') : values;
  if (possible.length === 0) return NOTHING;
  if (!field.known || !possible.every((value) => isComparable(field, value))) return EVERYTHING;
  return asked(
    field,
    { $in: possible.map(storedValue) },
    possible.every((value) => isSure(field, value)),
    true,
  );
}

function compared(field: Field, operator: string, operand: Json): Condition {
  if (field.isId && typeof operand !== 'string') return NOTHING;
  if (operand === null) return operator === '$gte' || operator === '$lte' ? equal(field, null) : NOTHING;
  if (!field.known) return EVERYTHING;
  if (typeof operand !== 'object') return asked(field, { [operator]: storedValue(operand) }, true, true);
  if (!field.reading.deep) return EVERYTHING;
  return asked(field, { $type: Array.isArray(operand) ? 'array' : 'object' }, false);
}

function exists(field: Field): Condition {
  if (field.isId) return { filter: {}, exact: true };
  return field.known ? asked(field, { $exists: true }, true) : EVERYTHING;
}

/** A pattern is never the server's work: it would backtrack, and mean other things by some letters. */
function onPattern(field: Field, pattern: string, options?: string): Condition {
  if (!field.known) return EVERYTHING;
  const prefix = prefixOf(pattern, options);
  if (!prefix) return field.isId ? EVERYTHING : asked(field, { $type: 'string' }, false);
  return asked(field, { $gte: prefix.from, $lt: prefix.to }, false, true);
}

function onAll(field: Field, values: readonly Json[]): Condition {
  if (values.length === 0) return NOTHING;
  return all(
    values.map((value) =>
      isElementFilter(value) ? onElement(field, value['$elemMatch'] as JsonObject) : equal(field, value),
    ),
  );
}

function onElement(field: Field, criteria: JsonObject): Condition {
  if (field.isId) return NOTHING;
  if (!field.known || !field.reading.deep) return EVERYTHING;
  const inner = isOnFields(criteria) ? conditionOf(criteria, field.reading, '').filter : comparisons(criteria);
  return asked(field, asksSomething(inner) ? { $elemMatch: inner } : { $type: 'array' }, false);
}

/** Those conditions on an element itself that mean the same everywhere. */
function comparisons(criteria: JsonObject): Document {
  const plain = Object.entries(criteria).filter(
    ([name, operand]) => /^\$(eq|gte?|lte?)$/.test(name) && isScalar(operand) && operand !== null,
  );
  return Object.fromEntries(plain);
}

function isScalar(value: Json): boolean {
  return typeof value !== 'object' || value === null;
}

function isComparable({ reading }: Field, value: Json): boolean {
  return reading.deep || isScalar(value);
}

/** A path that leads through arrays has its own ways of finding null. */
function isSure({ flat }: Field, value: Json): boolean {
  return value === null ? flat : typeof value !== 'object';
}
