import type { Json, JsonObject } from '#kernel/json';
import type { ReadModel } from '#kernel/projection';
import { type Edges, queryEdges, type Window } from '#platform/read-store/edges';
import type { Filter, Page, ReadStore, Sort, Stored } from '#platform/read-store/read-store.port';
import { assertWhereClause } from '#platform/read-store/where-clause';

/** A thing as lists show it. Times are Unix milliseconds. Its id in the collection is its stream. */
export interface ThingDocument {
  /** `<tenant>.<noun>`. */
  readonly category: string;
  readonly noun: string;
  readonly thingId: string;
  readonly revision: number;
  readonly createdAt: number;
  readonly updatedAt: number;
  /** null unless it is soft-deleted. */
  readonly deletedAt: number | null;
  readonly data: JsonObject;
}

export const things: ReadModel<ThingDocument> = {
  name: 'things',
  indexes: [
    { fields: ['category', 'deletedAt'] },
    { fields: ['category', 'createdAt'] },
    { fields: ['category', 'updatedAt'] },
  ],
};

/** Which of a noun's things are asked for, in the names that users see: their own fields, and `$created_at` and its like. */
export interface ThingQuery {
  readonly where?: JsonObject;
  readonly sort?: Sort;
  readonly fields?: readonly string[];
  /** Soft-deleted ones: left out (default), among the others, or only those. */
  readonly deleted?: 'without' | 'with' | 'only';
  readonly limit?: number;
  readonly cursor?: string;
}

/** Rejects with InvalidWhereClause, InvalidCursor. */
export function listThings(store: ReadStore, category: string, query: ThingQuery): Promise<Page<ThingDocument>> {
  const { limit, cursor, fields } = query;
  const paths = fields && [...ALWAYS, ...fields.map(pathOf)];
  return store.query<ThingDocument>(things.name, {
    filter: filterOf(category, query),
    sort: sortOf(query),
    limit,
    cursor,
    fields: paths,
  });
}

/** A part of the list, each thing with its cursor. Rejects with InvalidWhereClause, InvalidCursor, InvalidInput. */
export function thingEdges(
  store: ReadStore,
  category: string,
  query: ThingQuery,
  window: Window,
): Promise<Edges<Stored<ThingDocument>>> {
  return queryEdges(store, things.name, { filter: filterOf(category, query), sort: sortOf(query) }, window);
}

/** Rejects with InvalidWhereClause. */
export function countThings(store: ReadStore, category: string, query: ThingQuery): Promise<number> {
  return store.count(things.name, filterOf(category, query));
}

/** What every thing carries beside its own data: the name that users see, and the document's field. */
export const SYSTEM_FIELDS: Readonly<Record<string, keyof ThingDocument>> = {
  $id: 'thingId',
  $type: 'noun',
  $revision: 'revision',
  $created_at: 'createdAt',
  $updated_at: 'updatedAt',
  $deleted_at: 'deletedAt',
};

/** What every listed thing carries, whatever fields were asked for. */
const ALWAYS: readonly string[] = ['category', ...Object.values(SYSTEM_FIELDS)];

function sortOf({ sort }: ThingQuery): Sort | undefined {
  return sort && Object.fromEntries(Object.entries(sort).map(([name, way]) => [pathOf(name), way]));
}

function filterOf(category: string, { where, deleted = 'without' }: ThingQuery): Filter {
  const own: Filter =
    deleted === 'with' ? { category } : { category, deletedAt: deleted === 'only' ? { $ne: null } : null };
  if (!where) return own;
  assertWhereClause(renamed(where, (name) => name.slice(1)));
  return { $and: [own, renamed(where, (name) => SYSTEM_FIELDS[name]!, 'data.')] };
}

function pathOf(name: string): string {
  return Object.hasOwn(SYSTEM_FIELDS, name) ? SYSTEM_FIELDS[name]! : `data.${name}`;
}

/** The clause with its system fields renamed and its other fields prefixed; operators stay as they are. */
function renamed(where: Json, rename: (systemField: string) => string, prefix = ''): JsonObject {
  if (typeof where !== 'object' || where === null || Array.isArray(where)) return where as never;
  return Object.fromEntries(
    Object.entries(where).map(([name, condition]) => {
      if (Object.hasOwn(SYSTEM_FIELDS, name)) return [rename(name), condition];
      if (!name.startsWith('$')) return [prefix + name, condition];
      const parts = Array.isArray(condition) ? condition.map((part) => renamed(part, rename, prefix)) : condition;
      return [name, parts];
    }),
  );
}
