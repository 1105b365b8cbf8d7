import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { JsonObject } from '#kernel/json';
import { DocumentOrder } from '#platform/read-store/document-order';
import { matcherOf } from '#platform/read-store/filter-matcher';
import type { Filter, Query, ReadStore, Sort, Stored } from '#platform/read-store/read-store.port';
import type { OpenStore } from './open-store.js';
import { INDEXES, documents, filters, sorts, type Flavour } from './random-queries.js';

/** More runs by PROPERTY_RUNS=10000; a failure prints the seed to repeat it with. */
const RUNS = process.env['PROPERTY_RUNS'];

/** Whatever an engine answers from an index, it is what a look at each document would say. */
export function agreement(open: OpenStore, runs = 150): void {
  describe.each<Flavour>(['scalars', 'objects', 'arrays'])('random documents of %s and random queries', (flavour) => {
    it('answers as a look at each document does', async () => {
      const queries = fc.array(fc.tuple(filters(), sorts, fc.integer({ min: 1, max: 9 })), {
        minLength: 8,
        maxLength: 8,
      });
      const property = fc.asyncProperty(documents(flavour), queries, async (all, asked) => {
        const store = await open();
        try {
          const stored = await written(store, all);
          for (const [filter, sort, limit] of asked) {
            const expected = matching(stored, filter, sort);
            expect(await pages(store, { filter, sort, limit })).toEqual(expected);
            expect(await store.count('random', filter)).toBe(expected.length);
          }
        } finally {
          await store.close();
        }
      });
      await fc.assert(property, { numRuns: Number(RUNS ?? runs) });
    });
  });
}

async function written(store: ReadStore, all: readonly JsonObject[]): Promise<Stored[]> {
  await store.define({ name: 'random', indexes: INDEXES });
  // The text of a document cannot tell 0 from -0; what is compared went through it, too.
  const stored = all.map((document, i) => ({
    id: `d${i}`,
    document: JSON.parse(JSON.stringify(document)) as JsonObject,
  }));
  await store.write(stored.map(({ id, document }) => ({ collection: 'random', id, document })));
  return stored;
}

function matching(stored: readonly Stored[], filter: Filter, sort: Sort): string[] {
  const order = new DocumentOrder(sort);
  return stored
    .filter(matcherOf(filter))
    .map((document) => order.keyOf(document))
    .sort((a, b) => order.compare(a, b))
    .map(({ id }) => id);
}

async function pages(store: ReadStore, query: Query): Promise<string[]> {
  const ids: string[] = [];
  for (let cursor: string | undefined, more = true; more;) {
    const page = await store.query('random', cursor === undefined ? query : { ...query, cursor });
    ids.push(...page.items.map(({ id }) => id));
    cursor = page.next;
    more = cursor !== undefined;
  }
  return ids;
}
