import type { JsonObject } from '#kernel/json';
import type { ReadModel } from '#kernel/projection';
import type { ReadStore, Stored } from '#platform/read-store/read-store.port';
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

/** Which relations of many things. */
export interface RelationshipsQuery {
  readonly direction: 'out' | 'in';
  readonly name?: string;
  /** At most so many of each thing. */
  readonly first: number;
  /** Those behind the relation with this id. */
  readonly after?: string;
}

/** The first relations of a thing, in the order of their ids. */
export interface RelationshipList {
  readonly items: readonly Stored<RelationshipDocument>[];
  readonly more: boolean;
}

/** Documents that one query reads at most. */
const MAX_READ = 1_000;

/**
 * The first relations of each of these things (streams), in as few queries as their number allows: one, where none has more than is
 * asked for. A thing with many more is left out of the next query, so that it is not read to its end.
 */
export async function relationshipsOf(
  store: ReadStore,
  streams: readonly string[],
  { direction, name, first, after }: RelationshipsQuery,
): Promise<Map<string, RelationshipList>> {
  const near = direction === 'out' ? 'from' : 'to';
  const found = new Map<string, Stored<RelationshipDocument>[]>(streams.map((stream) => [stream, []]));
  let open = [...found.keys()];
  let seen: { stream: string; id: string } | undefined;
  while (open.length > 0) {
    const filter = {
      [near]: { $in: open },
      ...(name !== undefined && { relationship: name }),
      ...(after !== undefined && { _id: { $gt: after } }),
      ...(seen && { $or: [{ [near]: { $ne: seen.stream } }, { _id: { $gt: seen.id } }] }),
    };
    const limit = Math.min(open.length * (first + 1), MAX_READ);
    const { items } = await store.query<RelationshipDocument>(relationships.name, {
      filter,
      sort: { [near]: 1 },
      limit,
    });
    for (const item of items) found.get(item.document[near])!.push(item);
    const last = items.at(-1);
    if (!last || items.length < limit) break;
    // Sorted by stream, then id: those before the last one are complete, and it goes on behind its last relation.
    const stream = last.document[near];
    seen = { stream, id: last.id };
    const order = streamsInOrder(open);
    open = order.slice(order.indexOf(stream)).filter((each) => found.get(each)!.length <= first);
  }
  return new Map(
    [...found].map(([stream, items]) => [stream, { items: items.slice(0, first), more: items.length > first }]),
  );
}

/** As the store orders texts: by their UTF-8 bytes. */
function streamsInOrder(streams: readonly string[]): string[] {
  return [...streams].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

/** The things with these streams that are there. */
export async function thingsNamed(store: ReadStore, streams: readonly string[]): Promise<Map<string, ThingDocument>> {
  return store.getMany<ThingDocument>(things.name, streams);
}
