import { createHash } from 'node:crypto';
import type { DocumentOrder, OrderKey, SortValue } from './document-order.js';
import { InvalidCursor } from './read-store.errors.js';
import type { Query } from './read-store.port.js';

/**
 * A page ends at a place in an order; its cursor says which, and of which query. It is not a secret: a forged one only begins
 * somewhere else.
 */
export function cursorOf(collection: string, query: Query, { values, id }: OrderKey): string {
  return Buffer.from(JSON.stringify([digest(collection, query), id, values])).toString('base64url');
}

/** The place that a cursor names. Throws InvalidCursor for one of another query or of no query. */
export function placeOf(collection: string, query: Query, order: DocumentOrder, cursor: string): OrderKey {
  let content: unknown;
  try {
    content = JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch {
    throw new InvalidCursor();
  }
  if (!Array.isArray(content) || content.length !== 3) throw new InvalidCursor();
  const [itsQuery, id, values] = content as unknown[];
  if (itsQuery !== digest(collection, query) || typeof id !== 'string' || !isSortValues(values, order.fields.length)) {
    throw new InvalidCursor();
  }
  return { id, values };
}

function isSortValues(values: unknown, count: number): values is SortValue[] {
  return (
    Array.isArray(values) &&
    values.length === count &&
    values.every((value) => Array.isArray(value) && value.length <= 1)
  );
}

function digest(collection: string, { filter = {}, sort = {} }: Query): string {
  const text = JSON.stringify([collection, filter, Object.entries(sort)]);
  return createHash('sha256').update(text).digest('base64url').slice(0, 16);
}
