import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Query, QueryPlan, ReadStore } from '#platform/read-store/read-store.port';
import type { OpenStore } from './open-store.js';

/** By an index, whatever an engine calls it. */
const index = expect.any(String) as unknown as string;
const exactly: QueryPlan = { index, exact: true };
/** Whether the engine alone decides what no index answers is its own matter. */
const exact = expect.any(Boolean) as unknown as boolean;
const roughly: QueryPlan = { index, exact };
const idOf = (n: number) => `d${String(n).padStart(6, '0')}`;

export function plans(open: OpenStore, count = 100_000): void {
  const perKind = count / 1_000;
  describe(`${count} documents`, () => {
    let store: ReadStore;
    beforeAll(async () => {
      store = await open();
      await store.define({ name: 'many', indexes: [{ fields: ['n'] }, { fields: ['kind', 'at'] }] });
      for (let from = 0; from < count; from += 10_000) {
        const numbers = Array.from({ length: 10_000 }, (_, i) => from + i);
        const document = (n: number) => ({ n, kind: `k${n % 1_000}`, at: count - n, free: n % 10 });
        await store.write(numbers.map((n) => ({ collection: 'many', id: idOf(n), document: document(n) })));
      }
    });
    afterAll(() => store.close());

    it.each<[string, Query, QueryPlan, number]>([
      ['a point read', { filter: { _id: idOf(777) } }, exactly, 1],
      ['an indexed value', { filter: { n: 777 } }, exactly, 1],
      ['values', { filter: { n: { $in: [1, 2, -1] } } }, exactly, 2],
      ['a range', { filter: { n: { $gte: 10, $lt: 20 } } }, exactly, 10],
      ['a value and a sort', { filter: { kind: 'k7' }, sort: { at: -1 } }, exactly, perKind],
      ['a choice', { filter: { $or: [{ n: 3 }, { n: { $gt: count - 3 } }] } }, exactly, 3],
      ['an index and more', { filter: { kind: 'k7', free: 7 } }, roughly, perKind],
      ['a text pattern', { filter: { kind: { $regex: '^k7$' } } }, roughly, perKind],
      ['a field without an index', { filter: { free: 3, kind: { $ne: 'k3' } } }, { exact }, count / 10 - perKind],
    ])('answers %s by the index it has', async (_, query, plan, found) => {
      expect(await store.explain('many', query)).toEqual(plan);
      expect(await store.count('many', query.filter)).toBe(found);
      expect((await store.query('many', { ...query, limit: 10_000 })).items).toHaveLength(found);
    });

    it('lets other work go on while it looks at every document', async () => {
      let turns = 0;
      let running = true;
      const others = (async () => {
        for (; running; turns++) await new Promise(setImmediate);
      })();
      expect((await store.query('many', { filter: { free: 11 } })).items).toEqual([]);
      running = false;
      await others;
      expect(turns).toBeGreaterThan(50);
    });
  });
}
