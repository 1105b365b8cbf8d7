import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { ReadStore } from '#platform/read-store/read-store.port';
import { relationships, relationshipsOf } from '#read-models/relationships';

/** The relations of many things take few queries, and the same ones on every store. */
export function relationshipsContract(name: string, open: () => Promise<ReadStore>): void {
  describe(`${name}:`, () => {
    let store: ReadStore;
    const query = () => jest.spyOn(store, 'query');
    const relation = (from: string, to: string) => ({
      collection: 'relationships',
      id: `${from} knows ${to}`,
      document: { relationship: 'knows', from, to, data: null, since: 0 },
    });

    beforeAll(async () => {
      store = await open();
      await store.define(relationships);
      const few = ['ann', 'bob', 'eve'].flatMap((from) => ['x', 'y', 'z'].map((to) => relation(from, to)));
      const many = Array.from({ length: 2_500 }, (_, n) => relation('celebrity', `fan ${String(n).padStart(4, '0')}`));
      await store.write([...few, ...many]);
    });
    beforeEach(() => void jest.restoreAllMocks());
    afterAll(() => store.close());

    describe('the relations of many things', () => {
      it('are one query where none has more than is asked for', async () => {
        const queries = query();
        const found = await relationshipsOf(store, ['ann', 'bob', 'eve', 'nobody'], { direction: 'out', first: 3 });
        expect([...found].map(([stream, { items, more }]) => [stream, items.length, more])).toEqual([
          ['ann', 3, false],
          ['bob', 3, false],
          ['eve', 3, false],
          ['nobody', 0, false],
        ]);
        expect(queries).toHaveBeenCalledTimes(1);
      });

      it('are a query more for a thing that has many, which is not read to its end', async () => {
        const queries = query();
        const found = await relationshipsOf(store, ['celebrity', 'ann', 'eve'], { direction: 'out', first: 5 });
        expect(found.get('celebrity')).toMatchObject({ more: true, items: { length: 5 } });
        expect(found.get('eve')).toMatchObject({ more: false, items: { length: 3 } });
        expect(queries).toHaveBeenCalledTimes(2);
      });

      it('are complete where they are more than one query reads', async () => {
        const asked = { direction: 'out', first: 2_000 } as const;
        const { items, more } = (await relationshipsOf(store, ['celebrity', 'eve'], asked)).get('celebrity')!;
        expect([items.length, more, new Set(items.map(({ id }) => id)).size]).toEqual([2_000, true, 2_000]);
      });

      it('go on behind one of them, and are seen from the other end', async () => {
        const after = { direction: 'out', first: 9, after: 'ann knows x' } as const;
        const found = (await relationshipsOf(store, ['ann'], after)).get('ann')!;
        expect(found.items.map(({ document }) => document.to)).toEqual(['y', 'z']);
        const incoming = (await relationshipsOf(store, ['x'], { direction: 'in', first: 9 })).get('x')!;
        expect(incoming.items.map(({ document }) => document.from)).toEqual(['ann', 'bob', 'eve']);
      });
    });
  });
}
