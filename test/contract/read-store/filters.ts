import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Json, JsonObject } from '#kernel/json';
import type { Filter, ReadStore } from '#platform/read-store/read-store.port';
import type { OpenStore } from './open-store.js';

/** Documents by name, and filters with the names of those that match: what MongoDB answers. */
interface Table {
  readonly documents: Readonly<Record<string, JsonObject>>;
  readonly cases: readonly (readonly [filter: Filter, matches: string])[];
}

const SCALARS: Table = {
  documents: {
    missing: {},
    null: { v: null },
    zero: { v: 0 },
    five: { v: 5 },
    huge: { v: 1e21 },
    empty: { v: '' },
    ten: { v: '10' },
    abc: { v: 'abc' },
    smile: { v: '😀' },
    last: { v: '\uffff' },
    true: { v: true },
    false: { v: false },
    object: { v: { x: 1, y: [1, 2] } },
  },
  cases: [
    [{}, 'missing null zero five huge empty ten abc smile last true false object'],
    [{ v: 5 }, 'five'],
    [{ v: -0 }, 'zero'],
    [{ v: null }, 'missing null'],
    [{ v: false }, 'false'],
    [{ v: { x: 1, y: [1, 2] } }, 'object'],
    [{ v: { x: 1 } }, ''],
    [{ v: { $eq: '10' } }, 'ten'],
    [{ v: { $ne: 5 } }, 'missing null zero huge empty ten abc smile last true false object'],
    [{ v: { $ne: null } }, 'zero five huge empty ten abc smile last true false object'],
    [{ v: { $gt: 0 } }, 'five huge'],
    [{ v: { $gte: 0, $lt: 1e21 } }, 'zero five'],
    [{ v: { $lt: 5 } }, 'zero'],
    [{ v: { $lte: 5 } }, 'zero five'],
    [{ v: { $gt: '' } }, 'ten abc smile last'],
    [{ v: { $lt: 'abc' } }, 'empty ten'],
    [{ v: { $gt: '\uffff' } }, 'smile'],
    [{ v: { $gte: null } }, 'missing null'],
    [{ v: { $gt: null } }, ''],
    [{ v: { $gte: false } }, 'true false'],
    [{ v: { $lt: true } }, 'false'],
    [{ v: { $gt: { x: 0 } } }, 'object'],
    [{ v: { $in: [5, 'abc', true] } }, 'five abc true'],
    [{ v: { $in: [null] } }, 'missing null'],
    [{ v: { $in: [] } }, ''],
    [{ v: { $in: [{ x: 1, y: [1, 2] }, 0] } }, 'zero object'],
    [{ v: { $nin: [5, null, 'abc', '', '10', '😀', '\uffff'] } }, 'zero huge true false object'],
    [{ v: { $nin: [] } }, 'missing null zero five huge empty ten abc smile last true false object'],
    [{ v: { $exists: true } }, 'null zero five huge empty ten abc smile last true false object'],
    [{ v: { $exists: false } }, 'missing'],
    [{ v: { $regex: '^a' } }, 'abc'],
    [{ v: { $regex: '^abcd*$' } }, 'abc'],
    [{ v: { $regex: '^x|^a' } }, 'abc'],
    [{ v: { $regex: '^10' } }, 'ten'],
    [{ v: { $regex: 'B', $options: 'i' } }, 'abc'],
    [{ v: { $regex: '^A', $options: 'i' } }, 'abc'],
    [{ v: { $regex: '^.$' } }, 'smile last'],
    [{ v: { $not: { $regex: '.' } } }, 'missing null zero five huge empty true false object'],
    [{ v: { $size: 2 } }, ''],
    [{ v: { $all: [5] } }, 'five'],
    [{ v: { $all: [] } }, ''],
    [{ v: { $not: { $gt: 0 } } }, 'missing null zero empty ten abc smile last true false object'],
    [{ 'v.x': 1 }, 'object'],
    [{ 'v.y': 2 }, 'object'],
    [{ 'v.x': null }, 'missing null zero five huge empty ten abc smile last true false'],
    [{ $and: [{ v: { $gt: 0 } }, { v: { $lt: 6 } }] }, 'five'],
    [{ $or: [{ v: 5 }, { v: 'abc' }, { 'v.x': 1 }] }, 'five abc object'],
    [{ $nor: [{ v: { $gte: 0 } }, { v: { $gte: '' } }, { v: null }] }, 'true false object'],
    [{ $or: [{ v: 5 }, { v: 0 }], v: { $ne: 0 } }, 'five'],
    [{ _id: 'five' }, 'five'],
    [{ _id: { $in: ['zero', 'five', 5, null] } }, 'zero five'],
    [{ _id: { $gt: 'true' } }, 'zero'],
    [{ _id: { $regex: '^t' } }, 'ten true'],
    [{ _id: { $ne: 'five' }, v: { $gte: 0 } }, 'zero huge'],
    [{ _id: 5 }, ''],
  ],
};

const ARRAYS: Table = {
  documents: {
    missing: {},
    none: { v: [] },
    null: { v: [null] },
    one: { v: 1 },
    ones: { v: [1] },
    numbers: { v: [1, 5, 9] },
    mixed: { v: [1, 'a', true] },
    nested: { v: [[1, 5], 7] },
    objects: {
      v: [
        { a: 1, b: 1 },
        { a: 2, b: 2 },
      ],
    },
    sparse: { v: [{ a: 1 }, { b: 2 }] },
    deep: { v: [{ a: [1, 2] }, { a: [3] }] },
    inner: { v: { a: [{ b: 1 }, { b: 5 }] } },
  },
  cases: [
    [{ v: 1 }, 'one ones numbers mixed'],
    [{ v: [1] }, 'ones'],
    [{ v: [1, 5] }, 'nested'],
    [{ v: [] }, 'none'],
    [{ v: null }, 'missing null'],
    [{ v: { $ne: 1 } }, 'missing none null nested objects sparse deep inner'],
    [{ v: { $gt: 6 } }, 'numbers nested'],
    // Each of the two conditions may be met by another element.
    [{ v: { $gt: 6, $lt: 2 } }, 'numbers'],
    [{ v: { $in: [5, 'a'] } }, 'numbers mixed'],
    [{ v: { $in: [[1, 5]] } }, 'nested'],
    [{ v: { $nin: [1, null] } }, 'none nested objects sparse deep inner'],
    [{ v: { $exists: true } }, 'none null one ones numbers mixed nested objects sparse deep inner'],
    [{ v: { $regex: 'a' } }, 'mixed'],
    [{ v: { $size: 0 } }, 'none'],
    [{ v: { $size: 2 } }, 'nested objects sparse deep'],
    [{ v: { $size: 3 } }, 'numbers mixed'],
    [{ v: { $all: [1, 9] } }, 'numbers'],
    [{ v: { $all: [1] } }, 'one ones numbers mixed'],
    [{ v: { $all: [[1]] } }, 'ones'],
    [{ v: { $elemMatch: { $gt: 4, $lt: 9 } } }, 'numbers nested'],
    [{ v: { $elemMatch: { $eq: 1 } } }, 'ones numbers mixed'],
    [{ v: { $elemMatch: { $elemMatch: { $eq: 5 } } } }, 'nested'],
    [{ v: { $elemMatch: { a: 1, b: 1 } } }, 'objects'],
    [{ v: { $elemMatch: { a: 1, b: 2 } } }, ''],
    [{ 'v.a': 1, 'v.b': 2 }, 'objects sparse'],
    [{ v: { $elemMatch: { $or: [{ a: 2 }, { b: 2 }] } } }, 'objects sparse deep'],
    [{ v: { $elemMatch: { a: { $elemMatch: { $gt: 1 } } } } }, 'deep'],
    [{ v: { $all: [{ $elemMatch: { a: 1 } }, { $elemMatch: { b: 2 } }] } }, 'objects sparse'],
    [{ v: { $not: { $elemMatch: { $gt: 4 } } } }, 'missing none null one ones mixed objects sparse deep inner'],
    [{ 'v.a': 1 }, 'objects sparse deep'],
    [{ 'v.a': [3] }, 'deep'],
    [{ 'v.a': { $gt: 2 } }, 'deep'],
    [{ 'v.a': null }, 'missing one sparse'],
    [{ 'v.a': { $exists: true } }, 'objects sparse deep inner'],
    [{ 'v.a': { $exists: false } }, 'missing none null one ones numbers mixed nested'],
    [{ 'v.a': { $size: 2 } }, 'deep inner'],
    [{ 'v.a': { $elemMatch: { $gt: 1 } } }, 'deep'],
    [{ 'v.a.b': 5 }, 'inner'],
    [{ 'v.a': { $elemMatch: { b: { $gt: 1 } } } }, 'inner'],
    [{ 'v.0': 1 }, 'ones numbers mixed'],
    [{ 'v.1': { $gt: 4 } }, 'numbers nested'],
    [{ 'v.0.a': 1 }, 'objects sparse deep'],
    [{ 'v.0.0': 1 }, 'nested'],
    [{ 'v.2': { $exists: true } }, 'numbers mixed'],
    [{ $nor: [{ v: 1 }, { 'v.a': { $exists: true } }] }, 'missing none null nested'],
  ],
};

/** Stored names that look like paths or operators are data; a path never reaches them. */
const ODD_NAMES: Table = {
  documents: {
    dotted: { 'a.b': 1 },
    nested: { a: { b: 1 } },
    dollar: { $gt: 5, x: { $ne: 1 } },
    proto: JSON.parse('{"__proto__": {"y": 1}, "x": 1}') as JsonObject,
    unicode: { 'straße ✓': { '': 'x' }, quote: '"\'); DROP TABLE x; --' },
  },
  cases: [
    [{ 'a.b': 1 }, 'nested'],
    [{ x: { $eq: { $ne: 1 } } }, 'dollar'],
    [{ y: 1 }, ''],
    [{ 'straße ✓': { '': 'x' } }, 'unicode'],
    [{ quote: '"\'); DROP TABLE x; --' }, 'unicode'],
    [{ toString: { $exists: true } }, ''],
    [{ hasOwnProperty: null, x: 1 }, 'proto'],
  ],
};

/** Every case holds with an index and without one, whole and counted. */
export function filters(open: OpenStore): void {
  const paths = ['v', 'v.a', 'v.0', 'v.x', 'a.b', 'x', 'quote'];
  const indexes: Record<string, readonly { fields: string[] }[]> = {
    'without an index': [],
    'with an index': paths.map((path) => ({ fields: [path] })),
    'with an index over two': [{ fields: ['v', 'x'] }, { fields: ['x', 'v.a'] }],
  };
  describe.each(Object.keys(indexes))('filters %s', (kind) => {
    describe.each(Object.entries({ SCALARS, ARRAYS, ODD_NAMES }))('%s', (name, { documents, cases }) => {
      let store: ReadStore;
      beforeAll(async () => {
        store = await open();
        await store.define({ name, indexes: indexes[kind]! });
        await store.write(Object.entries(documents).map(([id, document]) => ({ collection: name, id, document })));
      });
      afterAll(() => store.close());

      it.each(cases.map(([filter, matches]): [string, string, Filter] => [show(filter), matches, filter]))(
        '%s: %s',
        async (_, matches, filter) => {
          const { items } = await store.query(name, { filter });
          expect(sorted(items.map(({ id }) => id))).toEqual(sorted(matches.split(' ').filter(Boolean)));
          expect(await store.count(name, filter)).toBe(items.length);
        },
      );

      it('gives every document back as it was', async () => {
        for (const [id, document] of Object.entries(documents)) {
          expect(JSON.stringify(await store.get(name, id))).toBe(JSON.stringify(document));
        }
      });
    });
  });
}

function show(filter: Json): string {
  return JSON.stringify(filter);
}

function sorted(ids: readonly string[]): string[] {
  return [...ids].sort();
}
