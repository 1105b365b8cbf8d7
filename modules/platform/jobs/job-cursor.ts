import { InvalidJobCursor } from './jobs.errors.js';
import type { JobQuery } from './jobs.port.js';

/** A page ends at a key; its cursor says which, and of which query. It is not a secret. */
export function cursorAfter(key: string, query: JobQuery): string {
  return Buffer.from(JSON.stringify([filterOf(query), key])).toString('base64url');
}

/** The key that the page before ended at. Throws InvalidJobCursor for a cursor of another query or of none. */
export function keyBefore(query: JobQuery): string | undefined {
  if (query.cursor === undefined) return undefined;
  try {
    const content = JSON.parse(Buffer.from(query.cursor, 'base64url').toString()) as unknown;
    if (Array.isArray(content) && content[0] === filterOf(query) && typeof content[1] === 'string') return content[1];
  } catch {
    // Not a cursor at all.
  }
  throw new InvalidJobCursor();
}

function filterOf({ queue, state, handler }: JobQuery): string {
  return JSON.stringify([queue, state, handler]);
}
