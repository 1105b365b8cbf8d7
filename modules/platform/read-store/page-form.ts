import { pathOf, project } from './document-path.js';
import { DocumentOrder, type OrderKey } from './document-order.js';
import { cursorOf, placeOf } from './page-cursor.js';
import { DEFAULT_LIMIT, assertQueryForm } from './query-form.js';
import type { Filter, Page, Query, Stored } from './read-store.port.js';
import { assertWhereClause } from './where-clause.js';

/** A query whose form was checked. */
export interface CheckedQuery {
  readonly collection: string;
  readonly query: Query;
  readonly filter: Filter;
  readonly order: DocumentOrder;
  readonly limit: number;
  /** Where the page before ended. */
  readonly after?: OrderKey | undefined;
}

/** Throws InvalidWhereClause, InvalidInput and InvalidCursor. */
export function checkedQuery(collection: string, query: Query): CheckedQuery {
  const { filter = {}, sort = {}, limit = DEFAULT_LIMIT, cursor } = query;
  assertWhereClause(filter);
  assertQueryForm(query);
  const order = new DocumentOrder(sort);
  const after = cursor === undefined ? undefined : placeOf(collection, query, order, cursor);
  return { collection, query, filter, order, limit, after };
}

/** The page of documents that were found: one more than its limit, where there is another page. */
export function pageOf({ collection, query, order, limit }: CheckedQuery, found: readonly Stored[]): Page {
  const items = found.slice(0, limit);
  const last = found.length > limit && items.at(-1);
  const paths = query.fields?.map(pathOf);
  return {
    items: paths ? items.map(({ id, document }) => ({ id, document: project(document, paths) })) : items,
    ...(last && { next: cursorOf(collection, query, order.keyOf(last)) }),
  };
}
