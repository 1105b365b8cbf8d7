import type { PageOf } from '#platform/http/paging';
import type { Edges, Window } from '#platform/read-store/edges';

type Entries<Entry> = Readonly<Record<string, Entry>>;

/** A part of what one object holds, by id; a cursor is an id. It is all in memory, so a window may have any ends. */
export function edgesOfEntries<Entry, View>(
  entries: Entries<Entry>,
  view: (id: string, entry: Entry) => View,
  { first, after, last, before }: Window,
): Edges<View> {
  const ids = Object.keys(entries).sort((a, b) => (a < b ? -1 : 1));
  const inside = ids.filter((id) => (after === undefined || id > after) && (before === undefined || id < before));
  const head = inside.slice(0, first);
  const shown = last === undefined ? head : head.slice(-last);
  return {
    items: shown.map((id) => ({ cursor: id, item: view(id, entries[id]!) })),
    hasNextPage: shown.length > 0 && shown.at(-1) !== ids.at(-1),
    hasPreviousPage: shown.length > 0 && shown[0] !== ids[0],
  };
}

/** The same as REST has pages. */
export function pageOfEntries<Entry, View>(
  entries: Entries<Entry>,
  view: (id: string, entry: Entry) => View,
  { limit, cursor }: { readonly limit: number; readonly cursor?: string },
): PageOf<View> {
  const { items, hasNextPage } = edgesOfEntries(entries, view, { first: limit, after: cursor });
  return { items: items.map(({ item }) => item), next: hasNextPage ? items.at(-1)?.cursor : undefined };
}
