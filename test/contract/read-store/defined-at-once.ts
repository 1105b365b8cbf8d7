import { describe, expect, it } from '@jest/globals';
import type { OpenStore } from './open-store.js';
import { idsOf } from './paging.js';

const ROUNDS = 5;
const STORES = 4;

/** What holds for processes that share a store: `open` with a name gives the same store again while others have it open. */
export function definedAtOnce(name: string, open: OpenStore): void {
  describe(`read store, shared by processes: ${name}`, () => {
    it('is defined by all of them at once, and they all write to one collection', async () => {
      const stores = await Promise.all(Array.from({ length: STORES }, () => open('at-once')));
      for (let round = 0; round < ROUNDS; round++) {
        const models = ['a', 'b'].map((model) => ({ name: `${model}${round}`, indexes: [{ fields: ['n'] }] }));
        await Promise.all(stores.flatMap((store) => models.map((model) => store.define(model))));
        const expected = stores.map((_, n) => `s${n}`);
        for (const { name: collection } of models) {
          await Promise.all(
            stores.map((store, n) => store.write([{ collection, id: `s${n}`, document: { n: n % 2 } }])),
          );
          for (const store of stores) {
            expect(await idsOf(store, collection, {})).toEqual(expected);
            expect(await store.count(collection, { n: 1 })).toBe(STORES / 2);
          }
        }
      }
      await Promise.all(stores.map((store) => store.close()));
    }, 60_000);
  });
}
