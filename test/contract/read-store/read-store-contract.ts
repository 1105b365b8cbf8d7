import { describe, expect, it } from '@jest/globals';
import { agreement } from './agreement.js';
import { filters } from './filters.js';
import { leases } from './leases.js';
import type { ContractSize, OpenStore } from './open-store.js';
import { idsOf, paging } from './paging.js';
import { plans } from './plans.js';
import { replacing } from './replacing.js';
import { writes } from './writes.js';

/** What every read store must do. `open` gives a new, empty one each time. */
export function readStoreContract(name: string, open: OpenStore, size: ContractSize = {}): void {
  describe(`read store: ${name}`, () => {
    writes(open);
    leases(open);
    replacing(open);
    filters(open);
    paging(open);
    plans(open, size.documents);
    agreement(open, size.runs);
  });
}

/** What a read store must do that outlives its process: `open` with a name gives the same store again. */
export function reopeningContract(name: string, open: OpenStore): void {
  describe(`read store, opened again: ${name}`, () => {
    it('has everything that was written, and what it knows of its indexes', async () => {
      const model = { name: 'c', indexes: [{ fields: ['tags'] }, { fields: ['n'] }] };
      const first = await open('again');
      await first.define(model);
      const to = { position: '7', version: 3 };
      const documents = [{ n: 1, tags: 'x' }, { n: 2, tags: ['y', 'x'] }, { n: { deep: 1 } }];
      await first.write(
        documents.map((document, i) => ({ collection: 'c', id: `d${i}`, document })),
        { projection: 'p', from: null, to },
      );
      await first.swapLease('p', null, { owner: 'one', token: 4, beat: 2 });
      await first.define({ name: 'c/2', indexes: [] });
      await first.write([{ collection: 'c/2', id: 'n', document: { n: [1] } }]);
      await first.define({ name: 'd', indexes: [] });
      await first.replace('d', 'c/2');
      await first.close();

      const second = await open('again');
      await second.define(model);
      expect(await second.checkpoint('p')).toEqual(to);
      expect(await idsOf(second, 'c', { filter: { tags: 'x' }, limit: 1 })).toEqual(['d0', 'd1']);
      expect(await second.count('c', { tags: { $ne: 'x' } })).toBe(1);
      expect(await idsOf(second, 'c', { sort: { n: -1 } })).toEqual(['d2', 'd1', 'd0']);
      expect(await second.lease('p')).toEqual({ owner: 'one', token: 4, beat: 2 });
      await second.define({ name: 'd', indexes: [] });
      expect(await second.get('d', 'n')).toEqual({ n: [1] });
      await second.close();
    });
  });
}
