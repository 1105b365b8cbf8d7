import type { JsonObject } from '#kernel/json';
import type { ReadModel } from '#kernel/projection';
import type { ReadStore } from '#platform/read-store/read-store.port';
import { things, type ThingDocument } from './things.js';

/** One thing's named relation to another, found from both ends. Ends are streams. */
export interface RelationshipDocument {
  readonly relationship: string;
  readonly from: string;
  readonly to: string;
  readonly data: JsonObject | null;
  /** Unix milliseconds. */
  readonly since: number;
}

export const relationships: ReadModel<RelationshipDocument> = {
  name: 'relationships',
  indexes: [{ fields: ['from', 'relationship'] }, { fields: ['to', 'relationship'] }],
};

/** A relation with the thing at its other end. */
export interface RelatedThing {
  readonly relationship: RelationshipDocument;
  readonly thing: ThingDocument;
}

export interface RelationshipQuery {
  readonly direction: 'out' | 'in';
  readonly name?: string;
  readonly limit?: number;
  readonly cursor?: string;
}

/** A page of a thing's relations; those whose other end is gone are left out. Rejects with InvalidCursor. */
export async function listRelationships(
  store: ReadStore,
  stream: string,
  { direction, name, limit, cursor }: RelationshipQuery,
): Promise<{ items: RelatedThing[]; next?: string }> {
  const [near, far] = direction === 'out' ? (['from', 'to'] as const) : (['to', 'from'] as const);
  const filter = { [near]: stream, ...(name !== undefined && { relationship: name }) };
  const page = await store.query<RelationshipDocument>(relationships.name, { filter, limit, cursor });
  const ends = page.items.map(({ document }) => document[far]);
  const found = await store.getMany<ThingDocument>(things.name, ends);
  const items = page.items.flatMap(({ document }) => {
    const thing = found.get(document[far]);
    return thing ? [{ relationship: document, thing }] : [];
  });
  return { items, next: page.next };
}
