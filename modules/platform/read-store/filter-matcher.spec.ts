import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Query } from 'mingo';
import type { JsonObject } from '#kernel/json';
import { documents, filters } from '#test/contract/read-store/random-queries';
import { matcherOf } from './filter-matcher.js';
import type { Filter } from './read-store.port.js';
import { validateWhereClause } from './where-clause.js';

describe('matcherOf', () => {
  /** What mingo answers otherwise than MongoDB: `$gte: null` of a missing field, `$all` of a value, orders of objects. */
  const DEPARTS = /"\$(all|elemMatch)"|"\$[gl]te?":(null|\{|\[)|_id|\\u|[^\x20-\x7e]/;

  it('agrees with mingo as it comes, where there are no arrays', () => {
    const property = fc.property(documents('scalars'), filters(), (all, filter) => {
      fc.pre(!DEPARTS.test(JSON.stringify([all, filter])));
      const itsOwn = new Query(filter);
      const ours = matcherOf(filter);
      for (const document of all) expect(ours({ id: '1', document })).toBe(itsOwn.test(document));
    });
    fc.assert(property, { numRuns: 1_000 });
  });

  it('takes every filter that is valid, of all that are made at random', () => {
    const property = fc.property(filters(3), (filter) => {
      expect(validateWhereClause(filter)).toEqual({ valid: true });
      matcherOf(filter)({ id: '1', document: {} });
    });
    fc.assert(property, { numRuns: 500 });
  });

  it.each<[Filter, JsonObject]>([
    [{ a: { $regex: '(a+)+$' } }, { a: `${'a'.repeat(100_000)}!` }],
    [{ a: { $regex: '(x+x+)+y' } }, { a: 'x'.repeat(100_000) }],
    [{ a: { $not: { $regex: '^(([a-z])+.)+[A-Z]([a-z])+$' } } }, { a: 'a'.repeat(100_000) }],
  ])('answers in linear time what makes a backtracking engine hang: %j', (filter, document) => {
    const start = process.cpuUsage();
    matcherOf(filter)({ id: '1', document });
    expect(process.cpuUsage(start).user).toBeLessThan(2_000_000);
  });
});
