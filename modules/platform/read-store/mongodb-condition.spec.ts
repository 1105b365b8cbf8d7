import { describe, expect, it } from '@jest/globals';
import type { Document } from 'mongodb';
import fc from 'fast-check';
import type { Json, JsonObject } from '#kernel/json';
import { documents, filters, sorts, type Flavour } from '#test/contract/read-store/random-queries';
import { DocumentOrder } from './document-order.js';
import { pathOf, someValue } from './document-path.js';
import { matcherOf } from './filter-matcher.js';
import { conditionOf } from './mongodb-condition.js';
import { DOCUMENT } from './mongodb-document.js';
import { afterFilter } from './mongodb-order.js';
import type { Filter, Stored } from './read-store.port.js';
import { Rank, rankOf } from './value-order.js';

const TYPES: Record<string, Rank> = {
  number: Rank.Number,
  string: Rank.String,
  object: Rank.Object,
  array: Rank.Array,
  bool: Rank.Boolean,
};

/** What a server answers that reads as the port says; `$type` is not in the port's language. */
function holds(filter: Document, stored: Stored): boolean {
  return Object.entries(filter).every(([key, condition]) => {
    const parts = condition as Document[];
    if (key === '$and') return parts.every((part) => holds(part, stored));
    if (key === '$or') return parts.some((part) => holds(part, stored));
    if (key === '$nor') return !parts.some((part) => holds(part, stored));
    const path = key === '_id' ? key : key.replace(`${DOCUMENT}.`, '');
    const { $type: types } = (condition ?? {}) as { $type?: string | string[] };
    if (types === undefined) return matcherOf({ [path]: condition as Json })(stored);
    const wanted = [types].flat().map((type) => TYPES[type]);
    return someValue(stored.document, pathOf(path), 'elements', (value) => {
      return value !== undefined && wanted.includes(rankOf(value));
    });
  });
}

/** `$elemMatch` takes the port's language only: a `$type` inside it is left to the server's own contract. */
function isReadable(filter: Document): boolean {
  return !/"\$elemMatch":.*"\$type"/.test(JSON.stringify(filter));
}

describe.each<Flavour>(['scalars', 'objects', 'arrays'])('filters for MongoDB, over %s', (flavour) => {
  const stored = documents(flavour).map((all) =>
    all.map((document, i): Stored => ({ id: `d${i}`, document: JSON.parse(JSON.stringify(document)) as JsonObject })),
  );

  it.each([true, false])('find never less than what matches, and just that where they are exact; deep: %s', (deep) => {
    const property = fc.property(stored, filters(), (all, filter: Filter) => {
      const condition = conditionOf(filter, { deep, indexOf: () => undefined });
      fc.pre(isReadable(condition.filter));
      const matches = matcherOf(filter);
      for (const one of all) {
        const found = holds(condition.filter, one);
        if (matches(one)) expect(found).toBe(true);
        else if (condition.exact) expect(found).toBe(false);
      }
    });
    fc.assert(property, { numRuns: 1_000 });
  });

  it('find every document that comes after a place', () => {
    const property = fc.property(stored, sorts, (all, sort) => {
      const order = new DocumentOrder(sort);
      for (const place of all.map((one) => order.keyOf(one))) {
        for (const one of all.filter((one) => order.compare(order.keyOf(one), place) > 0)) {
          expect(holds(afterFilter(order, place), one)).toBe(true);
        }
      }
    });
    fc.assert(property, { numRuns: 200 });
  });
});
