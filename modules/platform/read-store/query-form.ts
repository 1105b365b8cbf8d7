import { InvalidInput } from '#kernel/errors';
import type { Query, Sort } from './read-store.port.js';
import { pathFault } from './where-clause.js';

/** Documents on a page where the query does not say. */
export const DEFAULT_LIMIT = 100;
/** Fields in one sort. */
export const MAX_SORT_FIELDS = 8;

/** Checks what a query has beside its filter and its cursor. Throws InvalidInput. */
export function assertQueryForm({ sort = {}, fields = [], limit = DEFAULT_LIMIT }: Query): void {
  if (!Number.isSafeInteger(limit) || limit < 1) refuse('/query/limit', 'The limit is a whole number from 1.');
  assertSort(sort);
  for (const path of fields) {
    const fault = pathFault(path);
    if (fault) refuse('/query/fields', fault);
  }
}

function assertSort(sort: Sort): void {
  const entries = Object.entries(sort);
  if (entries.length > MAX_SORT_FIELDS) refuse('/query/sort', `Sort by at most ${MAX_SORT_FIELDS} fields.`);
  for (const [path, direction] of entries) {
    const fault = pathFault(path);
    if (fault) refuse('/query/sort', fault);
    if (direction !== 1 && direction !== -1) refuse('/query/sort', 'A direction is 1 (upwards) or -1 (downwards).');
  }
}

function refuse(pointer: string, detail: string): never {
  throw new InvalidInput([{ pointer, detail }]);
}
