import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { queryEdges, type Window } from '#platform/read-store/edges';
import type { ReadStore, Sort } from '#platform/read-store/read-store.port';

/** Windows of a list, as Relay asks for them, are the same on every store. */
export function edgesContract(name: string, open: () => Promise<ReadStore>): void {
  describe(`${name}:`, () => {
    let store: ReadStore;
    beforeAll(async () => {
      store = await open();
      await store.define({ name: 'cats', indexes: [{ fields: ['age'] }] });
      const ages = { ada: 3, bea: 1, cid: 3, dot: 2, eve: 3, fay: 9 };
      await store.write(Object.entries(ages).map(([id, age]) => ({ collection: 'cats', id, document: { age } })));
    });
    afterAll(() => store.close());

    const edges = (sort: Sort | undefined, window: Window) => queryEdges(store, 'cats', { sort }, window);
    const ids = ({ items }: Awaited<ReturnType<typeof edges>>) => items.map(({ item }) => item.id);

    describe('edges of a query', () => {
      it.each<[string, Sort | undefined]>([
        ['by id', undefined],
        ['upwards', { age: 1 }],
        ['downwards', { age: -1 }],
      ])('%s: any cursor leads to what is behind and before it', async (_, sort) => {
        const all = await edges(sort, { first: 10 });
        const order = ids(all);
        expect(order).toHaveLength(6);
        for (const [place, { cursor }] of all.items.entries()) {
          const behind = await edges(sort, { first: 2, after: cursor });
          expect(ids(behind)).toEqual(order.slice(place + 1, place + 3));
          expect(behind).toMatchObject({ hasPreviousPage: true, hasNextPage: place + 3 < order.length });
          const before = await edges(sort, { last: 2, before: cursor });
          expect(ids(before)).toEqual(order.slice(Math.max(place - 2, 0), place));
          expect(before).toMatchObject({ hasNextPage: true, hasPreviousPage: place > 2 });
        }
      });

      it('begin at the end where only the last ones are asked for', async () => {
        expect(ids(await edges({ age: 1 }, { last: 2 }))).toEqual(['eve', 'fay']);
        expect(ids(await edges(undefined, { last: 1 }))).toEqual(['fay']);
      });

      it('refuse two ways at once, and cursors of another order', async () => {
        const [first] = (await edges({ age: 1 }, { first: 1 })).items;
        await expect(edges({ age: 1 }, { first: 1, before: first!.cursor })).rejects.toMatchObject({
          code: 'invalid-input',
        });
        await expect(edges({ age: -1 }, { after: first!.cursor })).rejects.toMatchObject({ code: 'invalid-cursor' });
      });
    });
  });
}
