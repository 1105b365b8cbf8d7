import type { JsonObject } from '#kernel/json';
import { isCombining, isElementFilter, isOnFields, isOperators } from './filter-form.js';
import { REGEX_OPTIONS, linearRegex } from './linear-regex.js';
import { InvalidWhereClause } from './read-store.errors.js';
import type { Filter } from './read-store.port.js';

/** Levels of objects and arrays within one another in a filter, values included. */
export const MAX_DEPTH = 20;
/** Conditions in one filter. */
export const MAX_CONDITIONS = 100;
/** Values in one `$in`, `$nin` or `$all`, filters in one `$and`, `$or` or `$nor`. */
export const MAX_LIST_LENGTH = 1_000;
/** Characters of a `$regex`. */
export const MAX_REGEX_LENGTH = 500;
/** Characters of a dotted path. */
export const MAX_PATH_LENGTH = 200;

/** `pointer` (RFC 6901) leads from the filter to what is wrong in it. */
export type WhereClauseVerdict =
  { readonly valid: true } | { readonly valid: false; readonly error: string; readonly pointer: string };

/**
 * Whether a filter has an allowed form. Nothing that runs code is on the list, so `$where`, `$function` and `$expr` are as
 * unknown as a slip of the pen.
 *
 * @example
 * validateWhereClause({ age: { $gt: 18 } });     // { valid: true }
 * validateWhereClause({ age: { $invalid: 18 } }); // { valid: false, error: 'Unknown operator: $invalid', pointer: '/age/$invalid' }
 */
export function validateWhereClause(where: unknown): WhereClauseVerdict {
  try {
    checkFilter(where, { keys: [], budget: { conditions: 0 } });
    return { valid: true };
  } catch (error) {
    if (error instanceof Refusal) return { valid: false, error: error.message, pointer: error.pointer };
    throw error;
  }
}

/** Throws InvalidWhereClause where {@link validateWhereClause} refuses; the pointer then starts with `root`. */
export function assertWhereClause(where: unknown, root = '/where'): asserts where is Filter {
  const verdict = validateWhereClause(where);
  if (!verdict.valid) throw new InvalidWhereClause(verdict.error, root + verdict.pointer);
}

/** What is wrong with a dotted path, or undefined. */
export function pathFault(path: string): string | undefined {
  if (path.length > MAX_PATH_LENGTH) return `A path has at most ${MAX_PATH_LENGTH} characters (MAX_PATH_LENGTH).`;
  for (const segment of path.split('.')) {
    if (segment === '') return `'${path}' is not a path: leave no part between the dots empty.`;
    if (segment.startsWith('$')) return `Unknown operator: ${segment}`;
    if (FORBIDDEN.has(segment)) return `'${segment}' cannot be part of a path.`;
  }
  return undefined;
}

class Refusal extends Error {
  readonly pointer: string;

  constructor(message: string, { keys }: Place) {
    super(message);
    this.pointer = keys.map((key) => `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
  }
}

interface Place {
  readonly keys: readonly string[];
  readonly budget: { conditions: number };
}

type Check = (operand: unknown, place: Place) => void;

const FORBIDDEN = new Set(['__proto__', 'constructor', 'prototype']);

const FIELD_OPERATORS = new Map<string, Check>([
  ...['$eq', '$ne', '$gt', '$gte', '$lt', '$lte'].map((name): [string, Check] => [name, checkValue]),
  ['$in', checkValues],
  ['$nin', checkValues],
  ['$exists', (operand, place) => demand(typeof operand === 'boolean', '$exists takes true or false.', place)],
  ['$size', (operand, place) => demand(isCount(operand), '$size takes a whole number from 0.', place)],
  ['$not', checkOperators],
  ['$elemMatch', checkElement],
  ['$all', checkAll],
]);

function checkFilter(where: unknown, place: Place): void {
  demand(isPlainObject(where), 'A filter is an object such as { "status": "open" }.', place);
  for (const [key, condition] of Object.entries(where)) {
    const at = inside(place, key);
    if (isCombining(key)) checkFilters(key, condition, at);
    else {
      if (FIELD_OPERATORS.has(key))
        throw new Refusal(`${key} stands inside a field: { "field": { "${key}": … } }.`, at);
      const fault = pathFault(key);
      demand(fault === undefined, fault ?? '', at);
      checkCondition(condition, at);
    }
  }
}

function checkFilters(operator: string, filters: unknown, place: Place): void {
  checkList(filters, place, `${operator} takes an array of filters, at least one.`);
  demand(filters.length > 0, `${operator} takes an array of filters, at least one.`, place);
  filters.forEach((filter, i) => checkFilter(filter, inside(place, String(i))));
}

/** A value to be equal to, or an object of operators. */
function checkCondition(condition: unknown, place: Place): void {
  if (isPlainObject(condition) && isOperators(condition)) return checkOperators(condition, place);
  count(place);
  checkValue(condition, place);
  refuseHiddenOperators(condition, place);
}

function checkOperators(operators: unknown, place: Place): void {
  const form = 'Operators stand in an object of their own, such as { "$gt": 18 }.';
  demand(isPlainObject(operators) && Object.keys(operators).length > 0, form, place);
  for (const [name, operand] of Object.entries(operators)) {
    const at = inside(place, name);
    demand(
      isOperator(name),
      `'${name}' stands among operators. ${form} Write fields within fields as dotted paths.`,
      at,
    );
    count(at);
    if (name === '$regex' || name === '$options') checkRegex(operators, at);
    else {
      if (isCombining(name))
        throw new Refusal(`${name} combines whole filters: { "${name}": [{ "field": … }, …] }.`, at);
      const check = FIELD_OPERATORS.get(name);
      if (!check) throw new Refusal(`Unknown operator: ${name}`, at);
      check(operand, at);
    }
  }
}

function checkRegex({ $regex: pattern, $options: options }: Record<string, unknown>, place: Place): void {
  demand(typeof pattern === 'string', '$regex takes a text; $options stands beside it.', place);
  demand(
    pattern.length <= MAX_REGEX_LENGTH,
    `A $regex has at most ${MAX_REGEX_LENGTH} characters (MAX_REGEX_LENGTH).`,
    place,
  );
  const letters = options === undefined ? '' : options;
  const known = typeof letters === 'string' && [...letters].every((letter) => REGEX_OPTIONS.includes(letter));
  demand(known, `$options takes letters out of ${REGEX_OPTIONS.join(', ')}.`, place);
  try {
    linearRegex(pattern, letters);
  } catch (error) {
    throw new Refusal((error as Error).message, place);
  }
}

/** Conditions on an element: operators on the element itself, or a filter over its fields. */
function checkElement(criteria: unknown, place: Place): void {
  demand(isPlainObject(criteria), '$elemMatch takes an object of conditions.', place);
  if (isOnFields(criteria)) checkFilter(criteria, place);
  else checkOperators(criteria, place);
}

function checkAll(operand: unknown, place: Place): void {
  checkList(operand, place, '$all takes an array of values.');
  const isElement = (value: unknown) => isPlainObject(value) && isElementFilter(value);
  demand(operand.every(isElement) || !operand.some(isElement), '$all takes values or $elemMatch, not both.', place);
  operand.forEach((value, i) => (isElement(value) ? checkOperators : checkValue)(value, inside(place, String(i))));
}

function checkValues(operand: unknown, place: Place): void {
  checkList(operand, place, `${place.keys.at(-1)} takes an array of values.`);
  operand.forEach((value, i) => checkValue(value, inside(place, String(i))));
}

/** Anything JSON can carry. */
function checkValue(value: unknown, place: Place): void {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return;
  if (typeof value === 'number') return demand(Number.isFinite(value), 'A number must be finite.', place);
  demand(Array.isArray(value) || isPlainObject(value), 'A value must be JSON.', place);
  for (const [key, part] of Object.entries(value)) {
    const at = inside(place, key);
    demand(key !== '__proto__', `'${key}' cannot be a field.`, at);
    checkValue(part, at);
  }
}

/** `{ a: { b: { $gt: 1 } } }` would look for the operator as data: nobody means that. */
function refuseHiddenOperators(value: unknown, place: Place): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, part] of Object.entries(value)) {
    const at = inside(place, key);
    demand(
      Array.isArray(value) || !isOperator(key),
      `${key} is inside a value. Write fields within fields as dotted paths, or the value in $eq.`,
      at,
    );
    refuseHiddenOperators(part, at);
  }
}

function checkList(list: unknown, place: Place, form: string): asserts list is unknown[] {
  demand(Array.isArray(list), form, place);
  demand(
    list.length <= MAX_LIST_LENGTH,
    `${place.keys.at(-1)} takes at most ${MAX_LIST_LENGTH} entries (MAX_LIST_LENGTH).`,
    place,
  );
}

function count(place: Place): void {
  const fits = ++place.budget.conditions <= MAX_CONDITIONS;
  demand(fits, `A filter has at most ${MAX_CONDITIONS} conditions (MAX_CONDITIONS).`, place);
}

function inside({ keys, budget }: Place, key: string): Place {
  const place = { keys: [...keys, key], budget };
  demand(keys.length < MAX_DEPTH, `A filter is nested at most ${MAX_DEPTH} deep (MAX_DEPTH).`, place);
  return place;
}

function demand(met: boolean, message: string, place: Place): asserts met {
  if (!met) throw new Refusal(message, place);
}

function isOperator(key: string): boolean {
  return key.startsWith('$');
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isPlainObject(value: unknown): value is JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
