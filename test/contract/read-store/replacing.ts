import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { setImmediate } from 'node:timers/promises';
import { comparePositions, START } from '#kernel/event';
import { CollectionNotDefined } from '#platform/read-store/read-store.errors';
import type { ReadStore } from '#platform/read-store/read-store.port';
import type { OpenStore } from './open-store.js';
import { idsOf } from './paging.js';

const live = { name: 'live', indexes: [{ fields: ['n'] }] };
const next = { name: 'live/2', indexes: [{ fields: ['m'] }, { fields: ['n'] }] };

export function replacing(open: OpenStore): void {
  describe('collections that take the place of others', () => {
    let store: ReadStore;
    beforeEach(async () => {
      store = await open();
      await store.define(live);
      await store.define(next);
      await fill('live', 3, 1);
      await fill('live/2', 300, 2);
    });
    afterEach(() => store.close());
    const fill = (collection: string, count: number, n: number) =>
      store.write(
        Array.from({ length: count }, (_, i) => ({ collection, id: `d${i}`, document: { n, m: i, list: [i] } })),
      );

    it('bring their documents and their indexes along', async () => {
      await store.replace('live', 'live/2');
      expect(await store.count('live')).toBe(300);
      expect(await store.get('live', 'd7')).toEqual({ n: 2, m: 7, list: [7] });
      expect((await store.explain('live', { filter: { m: 7 } })).index).toBeDefined();
      expect(await idsOf(store, 'live', { filter: { m: { $lt: 3 } }, limit: 2 })).toEqual(['d0', 'd1', 'd2']);
      await expect(store.query('live/2')).rejects.toBeInstanceOf(CollectionNotDefined);
      await store.define({ ...next, name: 'live' });
      expect(await store.count('live')).toBe(300);
    });

    it('take the place of one that is not there', async () => {
      await store.drop('live');
      await store.replace('live', 'live/2');
      expect(await store.count('live', { n: 2 })).toBe(300);
    });

    it('must have been defined', async () => {
      await expect(store.replace('live', 'unknown')).rejects.toBeInstanceOf(CollectionNotDefined);
      expect(await store.count('live')).toBe(3);
    });

    it('leave no moment in between to queries', async () => {
      const counts = new Set<number>();
      let running = true;
      const readers = [0, 1].map(async () => {
        do {
          const all = await store.query('live', { sort: { free: 1 }, limit: 1_000 });
          counts.add(all.items.length);
          expect(new Set(all.items.map(({ document }) => document['n'])).size).toBe(1);
          counts.add(await store.count('live', { m: { $gte: 0 } }));
          await setImmediate(); // a store in memory never lets go of the turn by itself
        } while (running);
      });
      for (let round = 0; round < 3; round++) {
        await store.replace('live', 'live/2');
        await store.define(next);
        await fill('live/2', 300, 3 + round);
      }
      running = false;
      await Promise.all(readers);
      expect([...counts].filter((count) => count !== 3 && count !== 300)).toEqual([]);
    });

    it('are gone when they are dropped, and can be defined anew', async () => {
      await store.drop('live/2');
      await store.drop('live/2');
      await store.drop('unknown');
      await expect(store.count('live/2')).rejects.toBeInstanceOf(CollectionNotDefined);
      await store.define({ ...next, indexes: [] });
      expect(await store.count('live/2')).toBe(0);
      expect(await store.count('live')).toBe(3);
    });

    it('say up to which event a document has come', async () => {
      const to = { position: '9', version: 1 };
      const writes = [
        { collection: 'live', id: 'd0', document: { n: 5 }, position: '7' },
        { collection: 'live', id: 'd1', document: null, position: '9' },
      ];
      await store.write(writes, { projection: 'p', from: null, to });
      const found = await store.projected('live', ['d0', 'd1', 'd2', 'none']);
      expect(found.get('d0')!.document).toEqual({ n: 5 });
      expect(found.get('d1')?.document ?? null).toBeNull();
      expect(found.get('d2')!.document).toEqual({ n: 1, m: 2, list: [2] });
      expect(found.has('none')).toBe(false);
      // Nothing is ahead of a checkpoint that was reached.
      for (const { position } of found.values()) {
        expect(position === START || comparePositions(position, to.position) <= 0).toBe(true);
      }
    });
  });
}
