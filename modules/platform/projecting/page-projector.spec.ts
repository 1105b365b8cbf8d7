import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Recorded } from '#kernel/event';
import type { ReadStore } from '#platform/read-store/read-store.port';
import { SqliteReadStore } from '#platform/read-store/sqlite-read-store.adapter';
import { PageProjector } from './page-projector.js';
import { patient } from './retry-policy.js';

describe('a page of a journal, whose entries each come from one event', () => {
  const journal = {
    name: 'journal',
    version: 1,
    readModel: { name: 'journal', indexes: [{ fields: ['type'] }] },
    once: true,
    key: ({ position }: Recorded) => position,
    evolve: (entry: object | null, { type }: Recorded) => entry ?? { type },
  };
  const event = (position: number, type: string): Recorded => ({ position: String(position), type }) as Recorded;
  const read: string[][] = [];
  let documents: SqliteReadStore;
  let pages: PageProjector;

  beforeEach(async () => {
    documents = await SqliteReadStore.open(':memory:');
    await documents.define(journal.readModel);
    read.length = 0;
    pages = new PageProjector(journal, noting(documents, read), patient, { now: () => new Date(0) });
  });
  afterEach(() => documents.close());

  const project = async (after: number, ...events: Recorded[]) => {
    const { writes } = await pages.project(events, String(after), false, new AbortController().signal);
    await documents.write(writes);
    return writes;
  };

  it('reads no document, and tells the store that all are new', async () => {
    const writes = await project(0, event(1, 'a'), event(2, 'b'));
    expect(writes.map(({ id, document, isNew }) => [id, document, isNew])).toEqual([
      ['1', { type: 'a' }, true],
      ['2', { type: 'b' }, true],
    ]);
    expect(read).toEqual([]);
  });
  it('can be taken in twice', async () => {
    await project(0, event(1, 'a'), event(2, 'b'));
    await project(0, event(1, 'a'), event(2, 'b'), event(3, 'c'));
    expect(await documents.count('journal')).toBe(3);
    expect(await documents.count('journal', { type: 'b' })).toBe(1);
  });
  it('goes on among several events that one became', async () => {
    await project(0, event(1, 'a'), event(2, 'first'));
    const writes = await project(2, event(2, 'second'), event(3, 'c'));
    expect(writes.map(({ id }) => id)).toEqual(['3']);
    expect(read).toEqual([['2']]);
    expect(await documents.get('journal', '2')).toEqual({ type: 'first' });
  });
});

/** The store itself; the ids of the documents that a projection goes on from are noted. */
function noting(store: SqliteReadStore, read: string[][]): ReadStore {
  return new Proxy<ReadStore>(store, {
    get(target, name: keyof ReadStore) {
      if (name === 'shared') return target.shared;
      if (name !== 'projected') return target[name].bind(target);
      return (collection: string, ids: readonly string[]) => {
        read.push([...ids]);
        return target.projected(collection, ids);
      };
    },
  });
}
