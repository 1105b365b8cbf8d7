import { InvalidInput } from '#kernel/errors';
import type { JsonObject } from '#kernel/json';
import { DocumentOrder, type OrderKey } from './document-order.js';
import { ID_PATH } from './document-path.js';
import { cursorOf, placeOf } from './page-cursor.js';
import type { Query, ReadStore, Sort, Stored } from './read-store.port.js';

/** A part of an ordered list: the `first` so many after a cursor, or the `last` so many before one (Relay's Cursor Connections). */
export interface Window {
  readonly first?: number;
  readonly after?: string;
  readonly last?: number;
  readonly before?: string;
}

/** A part of a list, each item with the cursor of its own place. */
export interface Edges<Item> {
  readonly items: readonly { readonly cursor: string; readonly item: Item }[];
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
}

/**
 * The documents in the window, in the order of the query. A cursor is one of the query's own pages. What lies on the other side of a
 * cursor is not looked for: there is something where a cursor was given. Where a field of the sort holds arrays, backwards is another
 * order, as `Sort` says. Rejects as `ReadStore.query` does.
 */
export async function queryEdges<D extends object = JsonObject>(
  store: ReadStore,
  collection: string,
  query: Pick<Query, 'filter' | 'sort'>,
  { first, after, last, before }: Window,
): Promise<Edges<Stored<D>>> {
  const backwards = last !== undefined || before !== undefined;
  if (backwards && (first !== undefined || after !== undefined)) throw twoWays();
  const order = new DocumentOrder(query.sort ?? {});
  const asked = backwards ? { ...query, sort: turnedRound(query.sort ?? {}) } : query;
  const from = backwards ? before : after;
  const place = from === undefined ? undefined : placeOf(collection, query, order, from);
  const cursor = place && cursorOf(collection, asked, place);
  const { items, next } = await store.query<D>(collection, { ...asked, limit: first ?? last, cursor });
  const found = backwards ? [...items].reverse() : items;
  return {
    items: found.map((item) => ({ cursor: cursorOf(collection, query, keyOf(order, item)), item })),
    hasNextPage: backwards ? before !== undefined : next !== undefined,
    hasPreviousPage: backwards ? next !== undefined : after !== undefined,
  };
}

function keyOf(order: DocumentOrder, { id, document }: Stored<object>): OrderKey {
  return order.keyOf({ id, document: document as JsonObject });
}

function turnedRound(sort: Sort): Sort {
  const turned = Object.fromEntries(
    Object.entries(sort).map(([path, way]): [string, 1 | -1] => [path, way === 1 ? -1 : 1]),
  );
  return Object.keys(turned).length === 0 ? { [ID_PATH]: -1 } : turned;
}

function twoWays(): InvalidInput {
  const detail = 'Goes the other way than the arguments beside it. Give first and after, or last and before.';
  return new InvalidInput([{ pointer: '/last', detail }]);
}
