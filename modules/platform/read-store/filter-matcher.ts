import { Context } from 'mingo/core';
import { $and, $nor, $not, $or } from 'mingo/operators/query/logical';
import { Query } from 'mingo/query';
import type { Json, JsonObject } from '#kernel/json';
import { ID_PATH, isObject, pathOf, someValue, type Leaf, type Test } from './document-path.js';
import { LINEAR_REGEX, isElementFilter, isOnFields, withLinearRegex } from './filter-form.js';
import { linearRegex } from './linear-regex.js';
import type { Filter, Stored } from './read-store.port.js';
import { compareValues, rankOf } from './value-order.js';

/** Decides whether a document matches. */
export type Matcher = (stored: Stored) => boolean;

/**
 * Makes a filter that `validateWhereClause` accepts into a matcher, by mingo. mingo puts the conditions together; the conditions
 * on values are ours, as mingo's depart from MongoDB where arrays are concerned and backtrack in `$regex` (docs/adr/0004).
 */
export function matcherOf(filter: Filter): Matcher {
  const query = new Query(withLinearRegex(filter), { context: ON_FIELDS });
  const seesId = JSON.stringify(filter).includes(`"${ID_PATH}`);
  return ({ id, document }) => query.test(seesId ? { ...document, [ID_PATH]: id } : document);
}

/** Whether any value that a selector leads to from here passes the test. */
type Reach = (selector: string, leaf: Leaf) => (root: Json, test: Test) => boolean;

type Operator<Operand> = (selector: string, operand: Operand) => (root: Json) => boolean;

const alongPath: Reach = (selector, leaf) => {
  const path = pathOf(selector);
  return (root, test) => someValue(root, path, leaf, test);
};

/** What `$elemMatch` looks at is one value, even where it is an array. */
const elementItself: Reach = () => (root, test) => test(root);

const ON_FIELDS = contextOf(alongPath);
const ON_ELEMENT = contextOf(elementItself);

function contextOf(reach: Reach): Context {
  const any =
    <Operand>(leaf: Leaf, testOf: (operand: Operand) => Test): Operator<Operand> =>
    (selector, operand) => {
      const some = reach(selector, leaf);
      const test = testOf(operand);
      return (root) => some(root, test);
    };
  const $eq = any('elements', equals);
  const $in = any('elements', isIn);
  const $elemMatch = any('whole', hasElement);
  const operators: Record<`$${string}`, Operator<never>> = {
    $eq,
    $ne: not($eq),
    $in,
    $nin: not($in),
    $gt: any(
      'elements',
      compares((order) => order > 0),
    ),
    $gte: any(
      'elements',
      compares((order) => order >= 0),
    ),
    $lt: any(
      'elements',
      compares((order) => order < 0),
    ),
    $lte: any(
      'elements',
      compares((order) => order <= 0),
    ),
    $exists: (selector, wanted) => (wanted ? exists : not(exists))(selector, wanted),
    $size: any('whole', hasSize),
    $elemMatch,
    $all: every((value) => (isElementFilter(value) ? [$elemMatch, value['$elemMatch']] : [$eq, value])),
    [LINEAR_REGEX]: any('elements', matches),
  };
  const exists = any<boolean>('whole', () => (value) => value !== undefined);
  return Context.init({ query: { $and, $or, $nor, $not, ...(operators as object) } });
}

function not<Operand>(operator: Operator<Operand>): Operator<Operand> {
  return (selector, operand) => {
    const test = operator(selector, operand);
    return (root) => !test(root);
  };
}

function every(conditionOf: (value: Json) => readonly [Operator<never>, Json | undefined]): Operator<readonly Json[]> {
  return (selector, values) => {
    const tests = values.map((value) => {
      const [operator, operand] = conditionOf(value);
      return operator(selector, operand as never);
    });
    return (root) => tests.length > 0 && tests.every((test) => test(root));
  };
}

function equals(operand: Json): Test {
  return (value) => compareValues(value, operand) === 0;
}

function isIn(operands: readonly Json[]): Test {
  const scalars = new Set(operands.filter((operand) => typeof operand !== 'object').map(wellFormed));
  const others = operands.filter((operand) => typeof operand === 'object');
  return (value) => scalars.has(wellFormed(value)) || others.some((operand) => compareValues(value, operand) === 0);
}

function wellFormed(value: Json | undefined): Json | undefined {
  return typeof value === 'string' ? value.toWellFormed() : value;
}

/** Values of another type than the operand's never compare. */
function compares(holds: (order: number) => boolean): (operand: Json) => Test {
  return (operand) => {
    const rank = rankOf(operand);
    return (value) => rankOf(value) === rank && holds(compareValues(value, operand));
  };
}

function hasSize(size: number): Test {
  return (value) => Array.isArray(value) && value.length === size;
}

function matches([pattern, options]: readonly [string, string]): Test {
  const regex = linearRegex(pattern, options);
  return (value) => typeof value === 'string' && regex.test(value);
}

function hasElement(criteria: JsonObject): Test {
  const test = elementTest(criteria);
  return (value) => Array.isArray(value) && value.some(test);
}

function elementTest(criteria: JsonObject): (element: Json) => boolean {
  const onFields = isOnFields(criteria);
  const query = onFields
    ? new Query(criteria, { context: ON_FIELDS })
    : new Query({ element: criteria }, { context: ON_ELEMENT });
  return (element) => (!onFields || isObject(element) || Array.isArray(element)) && query.test(element as JsonObject);
}
