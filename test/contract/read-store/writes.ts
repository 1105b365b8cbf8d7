import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { JsonObject } from '#kernel/json';
import { CheckpointMoved, CollectionNotDefined } from '#platform/read-store/read-store.errors';
import type { ReadStore } from '#platform/read-store/read-store.port';
import type { OpenStore } from './open-store.js';
import { idsOf } from './paging.js';

export function writes(open: OpenStore): void {
  describe('documents and checkpoints', () => {
    let store: ReadStore;
    beforeEach(async () => {
      store = await open();
      await store.define({ name: 'c', indexes: [{ fields: ['n'] }] });
    });
    afterEach(() => store.close());
    const put = (id: string, document: object | null, collection = 'c') => store.write([{ collection, id, document }]);

    it('writes, replaces and removes', async () => {
      expect(await store.get('c', 'a')).toBeNull();
      await put('a', { n: 1, old: true });
      await put('a', { n: 2 });
      expect(await store.get('c', 'a')).toEqual({ n: 2 });
      expect(await store.count('c', { n: 1 })).toBe(0);
      await put('a', null);
      await put('a', null);
      expect(await store.get('c', 'a')).toBeNull();
      expect(await store.count('c')).toBe(0);
    });

    it('replaces what is there, also where it was thought to be new', async () => {
      const write = (n: number) => store.write([{ collection: 'c', id: 'a', document: { n }, isNew: true }]);
      await write(1);
      await write(2);
      expect(await store.get('c', 'a')).toEqual({ n: 2 });
      expect([await store.count('c', { n: 1 }), await store.count('c', { n: 2 })]).toEqual([0, 1]);
    });

    it('takes writes of one new document that come at once', async () => {
      const ids = Array.from({ length: 20 }, (_, i) => `new-${i}`);
      await Promise.all(ids.flatMap((id) => [1, 2, 3].map((n) => put(id, { n }))));
      const found = await store.getMany<{ n: number }>('c', ids);
      expect([...found.values()].map(({ n }) => [1, 2, 3].includes(n))).toEqual(ids.map(() => true));
    });

    it('takes the last of several writes to one document', async () => {
      const write = (document: object | null) => ({ collection: 'c', id: 'a', document });
      await store.write([write({ n: 1 }), write(null), write({ n: 3 })]);
      expect(await store.get('c', 'a')).toEqual({ n: 3 });
    });

    it('keeps documents as they were when write was called', async () => {
      const document: JsonObject = { n: 1, list: [1] };
      const written = put('a', document);
      document['n'] = 2;
      (document['list'] as number[]).push(2);
      await written;
      expect(await store.get('c', 'a')).toEqual({ n: 1, list: [1] });
      expect(await store.count('c', { n: 1 })).toBe(1);
    });

    it('gives those of many that are there', async () => {
      const ids = Array.from({ length: 2_000 }, (_, i) => `ключ "${i}'`);
      await store.write(ids.slice(0, 1_500).map((id, n) => ({ collection: 'c', id, document: { n } })));
      const found = await store.getMany('c', [...ids, ids[0]!]);
      expect(found.size).toBe(1_500);
      expect(found.get(ids[1_499]!)).toEqual({ n: 1_499 });
      expect(await store.getMany('c', [])).toEqual(new Map());
    });

    it('keeps collections apart, also those whose names differ only in case', async () => {
      await store.define({ name: 'C', indexes: [{ fields: ['N'] }, { fields: ['n'] }] });
      await put('a', { n: 1 });
      await put('a', { n: 2, N: 3 }, 'C');
      expect(await store.get('c', 'a')).toEqual({ n: 1 });
      expect(await store.count('C', { N: 3, n: 2 })).toBe(1);
    });

    it('refuses a collection that was not defined', async () => {
      await expect(put('a', {}, 'unknown')).rejects.toBeInstanceOf(CollectionNotDefined);
      await expect(store.query('unknown')).rejects.toBeInstanceOf(CollectionNotDefined);
    });

    it('refuses a filter that is not allowed', async () => {
      const refused = { code: 'invalid-where-clause', message: 'Unknown operator: $where' };
      await expect(store.query('c', { filter: { $where: '1' } })).rejects.toMatchObject(refused);
      await expect(store.count('c', { $where: '1' })).rejects.toMatchObject(refused);
      await expect(store.explain('c', { filter: { $where: '1' } })).rejects.toMatchObject(refused);
    });

    it('moves a checkpoint together with the documents', async () => {
      const to = { position: '12', version: 1 };
      expect(await store.checkpoint('p')).toBeNull();
      await store.write([{ collection: 'c', id: 'a', document: { n: 1 } }], { projection: 'p', from: null, to });
      expect(await store.checkpoint('p')).toEqual(to);
      await store.write([], { projection: 'p', from: to, to: { position: '13', version: 2 } });
      expect(await store.checkpoint('p')).toEqual({ position: '13', version: 2 });
      expect(await store.checkpoint('q')).toBeNull();
    });

    it('writes nothing where the checkpoint is not where the writer started', async () => {
      const first = { position: '5', version: 1 };
      await store.write([], { projection: 'p', from: null, to: first });
      const late = { position: '9', version: 1 };
      for (const from of [null, { position: '4', version: 1 }, { position: '5', version: 2 }]) {
        const write = store.write([{ collection: 'c', id: 'a', document: {} }], { projection: 'p', from, to: late });
        await expect(write).rejects.toBeInstanceOf(CheckpointMoved);
      }
      expect(await store.get('c', 'a')).toBeNull();
      expect(await store.checkpoint('p')).toEqual(first);
    });

    it('lets one of many writers move a checkpoint', async () => {
      const outcomes = await Promise.allSettled(
        Array.from({ length: 20 }, (_, n) =>
          store.write([{ collection: 'c', id: `w${n}`, document: {} }], {
            projection: 'p',
            from: null,
            to: { position: String(n), version: 1 },
          }),
        ),
      );
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      expect(await store.count('c')).toBe(1);
    });

    it('writes nothing where one document cannot be written', async () => {
      const circular: Record<string, unknown> = {};
      circular['self'] = circular;
      const documents = [{}, circular].map((document, i) => ({ collection: 'c', id: `d${i}`, document }));
      const advance = { projection: 'p', from: null, to: { position: '1', version: 1 } };
      await expect(store.write(documents, advance)).rejects.toThrow();
      expect(await store.count('c')).toBe(0);
      expect(await store.checkpoint('p')).toBeNull();
    });

    it('can be defined again, also with other indexes', async () => {
      const documents: JsonObject[] = [{ n: 1, m: 'x' }, { n: 2, m: ['x', 'y'] }, { n: 3 }];
      await store.write(documents.map((document, i) => ({ collection: 'c', id: `d${i}`, document })));
      const declarations = [['n'], ['m'], ['m', 'n'], ['n', 'm'], []].map((fields) =>
        fields.length ? [{ fields }] : [],
      );
      for (const indexes of [declarations[0]!, ...declarations, declarations.flat(), declarations[0]!]) {
        await store.define({ name: 'c', indexes });
        expect(await idsOf(store, 'c', { filter: { m: 'x' } })).toEqual(['d0', 'd1']);
        expect(await idsOf(store, 'c', { filter: { n: { $gte: 2 } }, sort: { n: -1 } })).toEqual(['d2', 'd1']);
        const { index } = await store.explain('c', { filter: { m: 'x', n: 1 } });
        expect(index !== undefined).toBe(indexes.length > 0);
      }
    });

    it('takes writes while indexes change', async () => {
      const before = put('a', { n: 1, m: 1 });
      const defined = store.define({ name: 'c', indexes: [{ fields: ['m'] }] });
      const during = put('b', { n: 1, m: 1 });
      await Promise.all([before, defined, during]);
      await put('c', { n: 1, m: 1 });
      expect(await store.explain('c', { filter: { m: 1 } })).toMatchObject({ exact: true });
      expect(await idsOf(store, 'c', { filter: { m: 1 } })).toEqual(['a', 'b', 'c']);
    });
  });
}
