import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Json, JsonObject } from '#kernel/json';
import { InvalidCursor } from '#platform/read-store/read-store.errors';
import type { Query, ReadStore, Sort } from '#platform/read-store/read-store.port';
import type { OpenStore } from './open-store.js';

/** All ids of a query, page by page; `between` runs after each page. */
export async function idsOf(
  store: ReadStore,
  collection: string,
  query: Query,
  between?: (page: number) => Promise<void>,
): Promise<string[]> {
  const ids: string[] = [];
  let { next, items } = await store.query(collection, query);
  for (let page = 1; ; page++) {
    ids.push(...items.map(({ id }) => id));
    if (next === undefined) return ids;
    await between?.(page);
    ({ next, items } = await store.query(collection, { ...query, cursor: next }));
  }
}

/** From the first to the last, one step after the other. */
const ASCENDING: readonly (readonly [id: string, value: Json | undefined])[] = [
  ['none', []],
  ['missing', undefined],
  ['null', null],
  ['negative', -1e300],
  ['zero', 0],
  ['half', 0.5],
  ['big', 2 ** 53],
  ['empty', ''],
  ['upper', 'B'],
  ['lower', 'a'],
  ['umlaut', 'ä'],
  ['private', '\uffff'],
  ['astral', '😀'],
  ['object', { a: 1 }],
  ['object2', { a: 2 }],
  ['false', false],
  ['true', true],
];

export function paging(open: OpenStore): void {
  describe('sorts and pages', () => {
    let store: ReadStore;
    beforeEach(async () => {
      store = await open();
      const fields = [['v'], ['kind'], ['kind', 'n'], ['w']];
      await store.define({ name: 'c', indexes: fields.map((fields) => ({ fields })) });
    });
    afterEach(() => store.close());
    const put = (documents: Record<string, object>) =>
      store.write(Object.entries(documents).map(([id, document]) => ({ collection: 'c', id, document })));
    const numbered = (count: number, document: (n: number) => JsonObject) =>
      put(Object.fromEntries(Array.from({ length: count }, (_, n) => [`d${String(n).padStart(3, '0')}`, document(n)])));

    it.each(['v', 'u'])('sorts values of all types by %s', async (field) => {
      await put(
        Object.fromEntries(ASCENDING.map(([id, value]) => [id, value === undefined ? {} : { [field]: value }])),
      );
      // Between equals, the id decides.
      const upwards = ASCENDING.map(([id]) => id);
      expect(await idsOf(store, 'c', { sort: { [field]: 1 }, limit: 4 })).toEqual(upwards);
      expect(await idsOf(store, 'c', { sort: { [field]: -1 }, limit: 4 })).toEqual(upwards.toReversed());
    });

    it.each(['v', 'u'])('sorts objects that a filter has found by %s', async (field) => {
      await put({ b: { [field]: { x: 1 } }, a: { [field]: { x: 2 } }, c: { [field]: 3 } });
      const query = { filter: { [field]: { $gt: { x: 0 } } }, sort: { [field]: 1 }, limit: 1 } as const;
      expect(await idsOf(store, 'c', query)).toEqual(['b', 'a']);
    });

    it.each(['v', 'u'])('sorts an array by its smallest or its largest element, by %s', async (field) => {
      await put({ a: { [field]: [1, 9] }, b: { [field]: 5 }, c: { [field]: [4, 6] }, d: { [field]: [] } });
      expect(await idsOf(store, 'c', { sort: { [field]: 1 } })).toEqual(['d', 'a', 'c', 'b']);
      expect(await idsOf(store, 'c', { sort: { [field]: -1 } })).toEqual(['a', 'c', 'b', 'd']);
    });

    it.each<[Sort, (n: number) => number]>([
      [{}, (n) => n],
      [{ _id: -1 }, (n) => -n],
      [{ kind: 1 }, (n) => (n % 3) * 1000 + n],
      [{ kind: -1 }, (n) => -((n % 3) * 1000 + n)],
      [{ kind: 1, n: 1 }, (n) => (n % 3) * 1000 + n],
      [{ kind: 1, n: -1 }, (n) => (n % 3) * 1000 - n],
      [{ other: -1 }, (n) => -((n % 7) * 1000 + n)],
      [{ kind: 1, _id: -1 }, (n) => (n % 3) * 1000 - n],
    ])('gives each document once, in order, by %j', async (sort, rank) => {
      await numbered(50, (n) => ({ kind: n % 3, n, other: n % 7 }));
      const order = Array.from({ length: 50 }, (_, n) => n).sort((a, b) => rank(a) - rank(b));
      const expected = order.map((n) => `d${String(n).padStart(3, '0')}`);
      for (const limit of [1, 7, 49, 50, 51]) expect(await idsOf(store, 'c', { sort, limit })).toEqual(expected);
      const some = await idsOf(store, 'c', { sort, limit: 3, filter: { kind: { $in: [0, 2] } } });
      expect(some).toEqual(expected.filter((_, i) => order[i]! % 3 !== 1));
      const filtered = await idsOf(store, 'c', { sort, limit: 3, filter: { kind: 1, other: { $gt: 2 } } });
      expect(filtered).toEqual(expected.filter((_, i) => order[i]! % 3 === 1 && order[i]! % 7 > 2));
    });

    it.each<Sort>([{}, { kind: 1 }, { other: -1 }])(
      'neither repeats nor skips what does not change while others do, by %j',
      async (sort) => {
        await numbered(60, (n) => ({ kind: n % 3, other: n % 7 }));
        const before = await idsOf(store, 'c', { sort });
        const steady = new Set(before.filter((_, i) => i % 2 === 0));
        const restless = before.filter((id) => !steady.has(id));
        const ids = await idsOf(store, 'c', { sort, limit: 7 }, async (page) => {
          const [removed, moved] = [restless[2 * page]!, restless[2 * page + 1]!];
          await store.write([{ collection: 'c', id: removed, document: null }]);
          await put({ [moved]: { kind: 2 - (page % 3), other: page }, [`new${page}`]: { kind: [page], other: {} } });
        });
        expect(ids.filter((id) => steady.has(id))).toEqual(before.filter((id) => steady.has(id)));
      },
    );

    it('has no next page at the end, and 100 documents on a page by default', async () => {
      await numbered(101, (n) => ({ n }));
      const first = await store.query('c');
      expect(first.items).toHaveLength(100);
      expect((await store.query('c', { limit: 101 })).next).toBeUndefined();
      expect((await store.query('c', { cursor: first.next! })).next).toBeUndefined();
      await expect(store.query('c', { limit: 0 })).rejects.toMatchObject({ code: 'invalid-input' });
    });

    it('refuses the cursor of another query, or of none', async () => {
      await numbered(5, (n) => ({ n }));
      await store.define({ name: 'other', indexes: [] });
      const { next: cursor } = await store.query('c', { limit: 2, sort: { n: 1 }, filter: { n: { $gte: 0 } } });
      const query = { limit: 2, sort: { n: 1 }, filter: { n: { $gte: 0 } }, cursor: cursor! } satisfies Query;
      expect((await store.query('c', { ...query, limit: 9 })).items).toHaveLength(3);
      const others: Query[] = [
        { ...query, sort: { n: -1 } },
        { ...query, sort: {} },
        { ...query, filter: { n: { $gte: 1 } } },
        ...['', 'x', 'bm9uZQ', `${cursor!.slice(0, -4)}`].map((forged) => ({ ...query, cursor: forged })),
      ];
      for (const other of others) await expect(store.query('c', other)).rejects.toBeInstanceOf(InvalidCursor);
      await expect(store.query('other', query)).rejects.toBeInstanceOf(InvalidCursor);
    });

    it('keeps only the fields that are asked for', async () => {
      const document = { a: { b: 1, c: 2 }, list: [{ x: 1, y: 2 }, 3, { y: 4 }, [{ x: 5 }]], d: null, e: 'e' };
      await put({ one: document });
      const shown = async (fields: string[]) => (await store.query('c', { fields })).items[0]!;
      expect(await shown(['a.b', 'd'])).toEqual({ id: 'one', document: { a: { b: 1 }, d: null } });
      expect(await shown(['list.x'])).toEqual({ id: 'one', document: { list: [{ x: 1 }, {}, [{ x: 5 }]] } });
      expect(await shown(['a', 'a.b'])).toEqual({ id: 'one', document: { a: { b: 1, c: 2 } } });
      expect(await shown(['e.f', 'nothing'])).toEqual({ id: 'one', document: {} });
    });
  });
}
