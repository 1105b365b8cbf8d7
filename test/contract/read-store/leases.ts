import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { LeaseLost } from '#platform/read-store/read-store.errors';
import type { ReadStore } from '#platform/read-store/read-store.port';
import type { OpenStore } from './open-store.js';

export function leases(open: OpenStore): void {
  describe('leases', () => {
    let store: ReadStore;
    beforeEach(async () => {
      store = await open();
      await store.define({ name: 'c', indexes: [] });
    });
    afterEach(() => store.close());
    const first = { owner: 'one', token: 1, beat: 0 };
    const second = { owner: 'two', token: 2, beat: 0 };
    const to = { position: '5', version: 1 };
    const write = (id: string, token: number, from: typeof to | null, next = to) =>
      store.write([{ collection: 'c', id, document: {}, position: next.position }], {
        projection: 'p',
        from,
        to: next,
        token,
      });

    it('are nobody’s before somebody takes them', async () => {
      expect(await store.lease('p')).toBeNull();
      expect(await store.swapLease('p', first, second)).toBe(false);
      expect(await store.lease('p')).toBeNull();
    });

    it('change hands only from the state that was seen', async () => {
      expect(await store.swapLease('p', null, first)).toBe(true);
      expect(await store.swapLease('p', null, second)).toBe(false);
      expect(await store.swapLease('p', first, { ...first, beat: 1 })).toBe(true);
      expect(await store.swapLease('p', first, second)).toBe(false);
      expect(await store.swapLease('p', { ...first, beat: 1 }, second)).toBe(true);
      expect(await store.lease('p')).toEqual(second);
      expect(await store.lease('q')).toBeNull();
    });

    it('go to one of many that want them', async () => {
      const swaps = Array.from({ length: 20 }, (_, n) => ({ owner: `w${n}`, token: 1, beat: 0 }));
      const outcomes = await Promise.all(swaps.map((lease) => store.swapLease('p', null, lease)));
      expect(outcomes.filter(Boolean)).toHaveLength(1);
      expect(await store.lease('p')).toEqual(swaps[outcomes.indexOf(true)]);
      const taken = await store.lease('p');
      const again = await Promise.all(swaps.map((lease) => store.swapLease('p', taken, { ...lease, token: 2 })));
      expect(again.filter(Boolean)).toHaveLength(1);
    });

    it('let their owner move the projection on, whatever its beat', async () => {
      await store.swapLease('p', null, first);
      await write('a', 1, null);
      await store.swapLease('p', first, { ...first, beat: 9 });
      await write('b', 1, to, { position: '6', version: 1 });
      expect(await store.checkpoint('p')).toEqual({ position: '6', version: 1 });
    });

    it('refuse a write with a token that is not theirs, and nothing of it remains', async () => {
      await expect(write('a', 1, null)).rejects.toBeInstanceOf(LeaseLost);
      await store.swapLease('p', null, second);
      for (const token of [1, 3]) await expect(write('a', token, null)).rejects.toBeInstanceOf(LeaseLost);
      expect(await store.count('c')).toBe(0);
      expect(await store.checkpoint('p')).toBeNull();
      await write('a', 2, null);
      await store.swapLease('p', second, { owner: 'three', token: 3, beat: 0 });
      await expect(write('b', 2, to, { position: '6', version: 1 })).rejects.toBeInstanceOf(LeaseLost);
      expect(await store.get('c', 'b')).toBeNull();
      expect(await store.checkpoint('p')).toEqual(to);
    });
  });
}
