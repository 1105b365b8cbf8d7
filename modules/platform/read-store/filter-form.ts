import type { Json, JsonObject } from '#kernel/json';
import { isObject } from './document-path.js';
import type { Filter } from './read-store.port.js';

/** Stands for `$regex` and `$options` in a filter that mingo gets: it would make a backtracking RegExp of them first. */
export const LINEAR_REGEX = '$linearRegex';

/** `$and`, `$or` and `$nor` put whole filters together. */
export function isCombining(key: string): key is '$and' | '$or' | '$nor' {
  return key === '$and' || key === '$or' || key === '$nor';
}

/** Whether a condition is an object of operators; otherwise it is a value to be equal to. */
export function isOperators(condition: Json | undefined): condition is JsonObject {
  return isObject(condition) && Object.keys(condition).some((key) => key.startsWith('$'));
}

/** Whether `$elemMatch` or `$all` ask for an element with these fields, and not for a value. */
export function isOnFields(criteria: JsonObject): boolean {
  return Object.keys(criteria).every((key) => isCombining(key) || !key.startsWith('$'));
}

/** Whether an entry of `$all` is a condition and not a value. */
export function isElementFilter(value: Json): value is JsonObject {
  return isObject(value) && '$elemMatch' in value;
}

/** The same filter with each `$regex` renamed, and values left alone. */
export function withLinearRegex(filter: Filter): JsonObject {
  return mapEntries(filter, ([key, condition]) => {
    if (isCombining(key)) return [key, (condition as Filter[]).map(withLinearRegex)];
    return [key, isOperators(condition) ? renamed(condition) : condition];
  });
}

function renamed({ $regex: pattern, $options: options = '', ...others }: JsonObject): JsonObject {
  const operators = mapEntries(others, ([name, operand]) => {
    if (name === '$not') return [name, renamed(operand as JsonObject)];
    if (name === '$elemMatch') return [name, inElement(operand as JsonObject)];
    if (name === '$all')
      return [name, (operand as Json[]).map((value) => (isElementFilter(value) ? renamed(value) : value))];
    return [name, operand];
  });
  return pattern === undefined ? operators : { ...operators, [LINEAR_REGEX]: [pattern, options] };
}

function inElement(criteria: JsonObject): JsonObject {
  return isOnFields(criteria) ? withLinearRegex(criteria) : renamed(criteria);
}

function mapEntries(object: JsonObject, map: (entry: [string, Json]) => [string, Json]): JsonObject {
  return Object.fromEntries(Object.entries(object).map(map));
}
