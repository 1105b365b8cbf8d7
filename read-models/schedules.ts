import type { JsonObject } from '#kernel/json';
import type { ReadModel } from '#kernel/projection';
import { type Edges, queryEdges, type Window } from '#platform/read-store/edges';
import type { Filter, Page, ReadStore, Stored } from '#platform/read-store/read-store.port';

/** A schedule as lists show it. Its id in the collection is its stream. Times are RFC 3339 texts. */
export interface ScheduleDocument {
  readonly tenant: string;
  readonly scheduleId: string;
  readonly state: 'open' | 'completed' | 'failed' | 'cancelled';
  readonly command: { readonly command: string; readonly fields: JsonObject; readonly reason?: string };
  /** As the jobs have it: `at`, or `every` or `cron` with a `since`. */
  readonly time: JsonObject;
  readonly attempts: number | null;
  readonly priority: number | null;
  readonly requestedAt: string;
  readonly outcomes: number;
  /** Of the latest time that there is one of: an answer or a problem. */
  readonly last: {
    readonly dueAt: string;
    readonly answer?: { readonly id: string; readonly revision: number; readonly position: string };
    readonly problem?: { readonly code: string; readonly detail: string };
  } | null;
}

/** Of the projection: documents that a checkpoint of another version stands for may be gone at any moment. */
export const SCHEDULES_VERSION = 1;

export const schedules: ReadModel<ScheduleDocument> = {
  name: 'schedules',
  indexes: [{ fields: ['tenant', 'state'] }, { fields: ['state'] }],
};

/** A tenant's schedules, by id. Rejects with InvalidCursor. */
export function listSchedules(
  store: ReadStore,
  tenant: string,
  { state, ...page }: { state?: ScheduleDocument['state']; limit?: number; cursor?: string },
): Promise<Page<ScheduleDocument>> {
  return pageOf(store, { tenant, ...(state && { state }) }, page);
}

/** A part of that list, each schedule with its cursor. Rejects with InvalidCursor, InvalidInput. */
export function scheduleEdges(
  store: ReadStore,
  tenant: string,
  { state }: { state?: ScheduleDocument['state'] },
  window: Window,
): Promise<Edges<Stored<ScheduleDocument>>> {
  return queryEdges(store, schedules.name, { filter: { tenant, ...(state && { state }) } }, window);
}

/** Those of all tenants whose command is still to be carried out. */
export async function* openSchedules(store: ReadStore): AsyncGenerator<ScheduleDocument> {
  let cursor: string | undefined;
  do {
    const { items, next } = await pageOf(store, { state: 'open' }, { limit: 1_000, cursor });
    for (const { document } of items) yield document;
    cursor = next;
  } while (cursor !== undefined);
}

function pageOf(store: ReadStore, filter: Filter, { limit, cursor }: { limit?: number; cursor?: string }) {
  return store.query<ScheduleDocument>(schedules.name, { filter, limit, cursor });
}
