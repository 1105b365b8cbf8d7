import { comparePositions, START, type Position } from '#kernel/event';
import type { JsonObject } from '#kernel/json';
import type { Advance, Projected, ReadStore, Write } from '#platform/read-store/read-store.port';
import { isSameCheckpoint } from '#platform/read-store/progress';
import { CheckpointMoved, LeaseLost } from '#platform/read-store/read-store.errors';
import type { SqliteReadStore } from '#platform/read-store/sqlite-read-store.adapter';

/** Told before each of a page's documents is written; what it throws ends the write there. */
export type BeforeEach = () => void | Promise<void>;

/** What a store without transactions has beside its documents. */
export type Positions = Map<string, Position>;

/**
 * The store as one without transactions does it: a page's documents one by one, each guarded by the position of its last event, and
 * the checkpoint in the end.
 */
export function piecemeal(store: SqliteReadStore, positions: Positions, beforeEach: BeforeEach = () => {}): ReadStore {
  const keyOf = (collection: string, id: string): string => JSON.stringify([collection, id]);

  const check = async ({ projection, from, token }: Advance): Promise<void> => {
    const [checkpoint, lease] = await Promise.all([store.checkpoint(projection), store.lease(projection)]);
    if (token !== undefined && lease?.token !== token) throw new LeaseLost(projection, token);
    if (!isSameCheckpoint(checkpoint, from)) throw new CheckpointMoved(projection);
  };

  const write = async (writes: readonly Write[], advance?: Advance): Promise<void> => {
    if (advance) await check(advance);
    // In another order than they came: no store says which of them is first.
    for (const each of writes.toReversed()) {
      await beforeEach();
      const key = keyOf(each.collection, each.id);
      const known = positions.get(key);
      if (known !== undefined && each.position !== undefined && comparePositions(known, each.position) > 0) continue;
      await store.write([each]);
      if (each.position === undefined) positions.delete(key);
      else positions.set(key, each.position);
    }
    await beforeEach();
    if (advance) await store.write([], advance);
  };

  const projected = async <D extends object = JsonObject>(
    collection: string,
    ids: readonly string[],
  ): Promise<Map<string, Projected<D>>> => {
    const documents = await store.getMany<D>(collection, ids);
    const known = ids.filter((id) => documents.has(id) || positions.has(keyOf(collection, id)));
    return new Map(
      known.map((id) => {
        const position = positions.get(keyOf(collection, id)) ?? START;
        return [id, { document: documents.get(id) ?? null, position }];
      }),
    );
  };

  const forget = (collection: string): void => {
    for (const key of positions.keys()) {
      if ((JSON.parse(key) as string[])[0] === collection) positions.delete(key);
    }
  };
  const replace = async (collection: string, by: string): Promise<void> => {
    await store.replace(collection, by);
    forget(collection);
  };

  const replaced: Partial<ReadStore> = { write, projected, replace };
  return new Proxy<ReadStore>(store, {
    get(target, name: keyof ReadStore) {
      const member: unknown = replaced[name] ?? Reflect.get(target, name);
      return typeof member === 'function' ? (member.bind(target) as unknown) : member;
    },
  });
}
