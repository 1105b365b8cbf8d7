import { describe, expect, it } from '@jest/globals';
import { InvalidWhereClause } from './read-store.errors.js';
import {
  MAX_CONDITIONS,
  MAX_DEPTH,
  MAX_LIST_LENGTH,
  MAX_PATH_LENGTH,
  MAX_REGEX_LENGTH,
  assertWhereClause,
  validateWhereClause,
} from './where-clause.js';

const nested = (levels: number): object => (levels === 0 ? {} : { $and: [nested(levels - 1)] });
const many = (count: number) => Array.from({ length: count }, (_, i) => i);
const deep = (levels: number): unknown => many(levels).reduce<unknown>((inner) => [inner], 1);

describe('validateWhereClause', () => {
  it.each<[object]>([
    [{}],
    [{ age: { $gt: 18 } }],
    [{ 'address.city': 'Utrecht', tags: ['a'], address: {} }],
    [{ a: null, b: { c: { d: [1, { e: true }] } } }],
    [{ a: { $eq: { $price: 1 } } }],
    [{ a: { $regex: '^a.*(?i)b$', $options: 'ims' } }],
    [{ $or: [{ a: 1 }, { $nor: [{ b: 2 }] }], c: { $not: { $in: [1, null] } } }],
    [{ a: { $elemMatch: { $gt: 1 } }, b: { $elemMatch: { c: 1, $or: [{ d: 1 }] } } }],
    [{ a: { $all: [{ $elemMatch: { b: 1 } }] }, c: { $size: 0, $exists: true } }],
    [{ a: { $in: many(MAX_LIST_LENGTH) } }],
    [Object.fromEntries(many(MAX_CONDITIONS).map((i) => [`f${i}`, i]))],
    [{ ['x'.repeat(MAX_PATH_LENGTH)]: { $regex: 'x'.repeat(MAX_REGEX_LENGTH) } }],
    [{ a: deep(MAX_DEPTH - 1) }],
    [nested(MAX_DEPTH / 2)],
  ])('accepts %j', (where) => {
    expect(validateWhereClause(where)).toEqual({ valid: true });
  });

  it.each<[string, unknown, string, string]>([
    ['an unknown operator', { age: { $invalid: 18 } }, 'Unknown operator: $invalid', '/age/$invalid'],
    ['code', { $where: 'sleep(1000)' }, 'Unknown operator: $where', '/$where'],
    ['code in a field', { a: { $function: {} } }, 'Unknown operator: $function', '/a/$function'],
    ['an expression', { $and: [{ $expr: {} }] }, 'Unknown operator: $expr', '/$and/0/$expr'],
    ['code in an element', { a: { $elemMatch: { $where: '1' } } }, 'Unknown operator: $where', '/a/$elemMatch/$where'],
    [
      'code under $not',
      { a: { $not: { $accumulator: {} } } },
      'Unknown operator: $accumulator',
      '/a/$not/$accumulator',
    ],
    ['an operator in a path', { 'a.$b': 1 }, 'Unknown operator: $b', '/a.$b'],
  ])('refuses %s in the words of the specification', (_, where, error, pointer) => {
    expect(validateWhereClause(where)).toEqual({ valid: false, error, pointer });
  });

  it.each<[string, unknown, string, RegExp]>([
    ['no object', [], '', /A filter is an object/],
    ['nothing', undefined, '', /A filter is an object/],
    ['an instance', new Map(), '', /A filter is an object/],
    ['a field operator at the top', { $gt: 1 }, '/$gt', /stands inside a field/],
    ['a combination inside a field', { a: { $or: [] } }, '/a/$or', /combines whole filters/],
    ['operators mixed with fields', { a: { $gt: 1, b: 2 } }, '/a/b', /stands among operators/],
    ['an operator inside a value', { a: { b: { $gt: 1 } } }, '/a/b/$gt', /dotted paths/],
    ['an empty $and', { $and: [] }, '/$and', /at least one/],
    ['an empty $not', { a: { $not: {} } }, '/a/$not', /an object of their own/],
    ['$not with a value', { a: { $not: 5 } }, '/a/$not', /an object of their own/],
    ['$in without a list', { a: { $in: 'x' } }, '/a/$in', /\$in takes an array/],
    ['$size of a half', { a: { $size: 1.5 } }, '/a/$size', /whole number/],
    ['$size below zero', { a: { $size: -1 } }, '/a/$size', /whole number/],
    ['$exists with 1', { a: { $exists: 1 } }, '/a/$exists', /true or false/],
    ['$all with both', { a: { $all: [1, { $elemMatch: {} }] } }, '/a/$all', /not both/],
    ['$elemMatch with a value', { a: { $elemMatch: 1 } }, '/a/$elemMatch', /an object of conditions/],
    ['$options alone', { a: { $options: 'i' } }, '/a/$options', /\$regex takes a text/],
    ['unknown $options', { a: { $regex: 'a', $options: 'x' } }, '/a/$regex', /letters out of i, m, s/],
    ['a RegExp', { a: { $regex: /a/ } }, '/a/$regex', /\$regex takes a text/],
    ['look-ahead', { a: { $regex: '(?=a)' } }, '/a/$regex', /Look-around/],
    ['look-behind', { a: { $regex: '(?<!a)b' } }, '/a/$regex', /Look-around/],
    ['back-references', { a: { $regex: '(a)\\1' } }, '/a/$regex', /Back-references/],
    ['no pattern', { a: { $regex: '(' } }, '/a/$regex', /missing closing \)/],
    ['infinity', { a: Infinity }, '/a', /finite/],
    ['not a number', { a: { $gt: NaN } }, '/a/$gt', /finite/],
    ['undefined', { a: undefined }, '/a', /must be JSON/],
    ['a date', { a: { $lt: new Date() } }, '/a/$lt', /must be JSON/],
    ['a function', { a: () => 1 }, '/a', /must be JSON/],
    ['a prototype in a path', { 'a.__proto__.b': 1 }, '/a.__proto__.b', /cannot be part/],
    ['a constructor', { constructor: 1 }, '/constructor', /cannot be part/],
    ['a prototype in a value', JSON.parse('{"a":{"$eq":{"__proto__":1}}}'), '/a/$eq/__proto__', /cannot be a field/],
    ['an empty path', { '': 1 }, '/', /leave no part/],
    ['an empty part', { 'a..b': 1 }, '/a..b', /leave no part/],
    ['slashes, escaped', { 'a/~': { $x: 1 } }, '/a~1~0/$x', /Unknown operator/],
    ['too many values', { a: { $in: many(MAX_LIST_LENGTH + 1) } }, '/a/$in', /MAX_LIST_LENGTH/],
    ['too long a pattern', { a: { $regex: 'x'.repeat(MAX_REGEX_LENGTH + 1) } }, '/a/$regex', /MAX_REGEX_LENGTH/],
  ])('refuses %s', (_, where, pointer, error) => {
    expect(validateWhereClause(where)).toEqual({ valid: false, error: expect.stringMatching(error), pointer });
  });

  it.each<[string, unknown]>([
    ['MAX_CONDITIONS', Object.fromEntries(many(MAX_CONDITIONS + 1).map((i) => [`f${i}`, i]))],
    ['MAX_PATH_LENGTH', { ['x'.repeat(MAX_PATH_LENGTH + 1)]: 1 }],
    ['MAX_DEPTH', nested(MAX_DEPTH)],
    ['MAX_DEPTH', { a: deep(100_000) }],
  ])('refuses what is over %s, by its name', (limit, where) => {
    expect(validateWhereClause(where)).toMatchObject({ valid: false, error: expect.stringContaining(limit) });
  });

  it('has a form that throws', () => {
    const where = { age: { $invalid: 18 } };
    const detail = 'Unknown operator: $invalid';
    expect(() => assertWhereClause(where, '/query/where')).toThrow(
      expect.objectContaining({ violations: [{ pointer: '/query/where/age/$invalid', detail }] }),
    );
    expect(() => assertWhereClause(where)).toThrow(InvalidWhereClause);
    expect(() => assertWhereClause({ age: 18 })).not.toThrow();
  });
});
