import type { JsonObject } from '#kernel/json';
import type { ReadModel } from '#kernel/projection';
import { type Edges, queryEdges, type Window } from '#platform/read-store/edges';
import type { Page, ReadStore, Stored } from '#platform/read-store/read-store.port';

/** A kind of thing: one that was defined, or that a thing was made of. */
export interface NounDocument {
  readonly tenant: string;
  readonly noun: string;
  readonly description: string | null;
  readonly schema: JsonObject | null;
  /** When it was first heard of, Unix milliseconds. */
  readonly since: number;
}

export const nouns: ReadModel<NounDocument> = {
  name: 'nouns',
  indexes: [{ fields: ['tenant'] }],
};

/** A tenant's nouns, by name. Rejects with InvalidCursor. */
export function listNouns(
  store: ReadStore,
  tenant: string,
  page: { limit?: number; cursor?: string },
): Promise<Page<NounDocument>> {
  return store.query<NounDocument>(nouns.name, { filter: { tenant }, ...page });
}

/** A part of that list, each noun with its cursor. Rejects with InvalidCursor, InvalidInput. */
export function nounEdges(store: ReadStore, tenant: string, window: Window): Promise<Edges<Stored<NounDocument>>> {
  return queryEdges(store, nouns.name, { filter: { tenant } }, window);
}

/** What is known of a noun, or null. */
export function findNoun(store: ReadStore, tenant: string, noun: string): Promise<NounDocument | null> {
  return store.get<NounDocument>(nouns.name, `${tenant}.${noun}`);
}
