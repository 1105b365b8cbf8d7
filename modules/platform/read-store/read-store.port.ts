import type { Position } from '#kernel/event';
import type { JsonObject } from '#kernel/json';
import type { ReadModel } from '#kernel/projection';

/**
 * A filter in MongoDB's operators; those that are allowed are listed in `where-clause.ts`. `_id` is the document's id. Names
 * that contain a dot or begin with `$` may be stored, but a filter cannot name them.
 */
export type Filter = JsonObject;

/**
 * Fields by dotted path, in order of weight: 1 upwards, -1 downwards. Of an array, the smallest element counts upwards, the
 * largest downwards.
 */
export type Sort = Readonly<Record<string, 1 | -1>>;

export interface Query {
  readonly filter?: Filter;
  /** Ties are broken by id, in the direction of the last field: the opposite sort gives the opposite order. Default: by id. */
  readonly sort?: Sort;
  /** Dotted paths to keep; default: the whole document. */
  readonly fields?: readonly string[];
  /** At most so many documents; default 100. */
  readonly limit?: number;
  /** `next` of the page before, with the same filter and sort. */
  readonly cursor?: string;
}

/** A document with its id. */
export interface Stored<Document extends object = JsonObject> {
  readonly id: string;
  readonly document: Document;
}

export interface Page<Document extends object = JsonObject> {
  readonly items: readonly Stored<Document>[];
  /** Cursor of the next page; not there at the end. */
  readonly next?: string;
}

/** How a query will be answered. */
export interface QueryPlan {
  /** The index that narrows the candidates, `id` for one over the ids, or none: then every document is looked at. */
  readonly index?: string;
  /** Whether the engine alone decides the filter, without a second look at each candidate. */
  readonly exact: boolean;
}

/** A document to write, or null to remove it. */
export interface Write {
  readonly collection: string;
  readonly id: string;
  readonly document: object | null;
  /** Probably there is none with this id yet: a store may try that first. Where there is one all the same, it is replaced. */
  readonly isNew?: boolean;
  /** Of the last event that is in the document. A store without transactions guards the document with it. */
  readonly position?: Position;
}

/** A document of a projection as it stands, and the last event that is in it. */
export interface Projected<Document extends object = JsonObject> {
  readonly document: Document | null;
  /** Events up to it must not be applied again. `START` where the checkpoint says it all. */
  readonly position: Position;
}

/** How far a projection has come. */
export interface Checkpoint {
  readonly position: Position;
  readonly version: number;
}

/** Moves a projection on. `from` is the checkpoint that the writer started at: null where there was none. */
export interface Advance {
  readonly projection: string;
  readonly from: Checkpoint | null;
  readonly to: Checkpoint;
  /** The write is refused with `LeaseLost` unless this is still the token of the projection's lease. */
  readonly token?: number;
}

/** Who does a piece of work that only one may do at a time. */
export interface Lease {
  /** The process that holds it; empty where it was given back. */
  readonly owner: string;
  /** Fencing token: grows with each change of owner, so that a store can tell a stale one. */
  readonly token: number;
  /** Counts on as long as the owner lives; whoever sees it stand still for long enough may take over. */
  readonly beat: number;
}

/**
 * JSON documents in collections, what queries read. Filters, sorts and comparisons are MongoDB's: values of different types
 * never compare by `$gt` and its like, and sort as null < numbers < strings < objects < arrays < booleans; missing counts as null.
 * Strings are ordered by their UTF-8 bytes. Objects are equal with the same fields in the same order.
 *
 * Contract: `test/contract/read-store.contract.ts`.
 */
export interface ReadStore {
  /**
   * Makes the collection, and gives it just the indexes of the model. Must come before any other use of it, which otherwise
   * rejects with `CollectionNotDefined`.
   */
  define(model: ReadModel<object>): Promise<void>;

  /** The document with this id, or null. A point read: never a scan. */
  get<D extends object = JsonObject>(collection: string, id: string): Promise<D | null>;

  /** Those of the documents that are there, by id. */
  getMany<D extends object = JsonObject>(collection: string, ids: readonly string[]): Promise<Map<string, D>>;

  /**
   * A page of the documents that match. Over all pages, one that does not change meanwhile comes exactly once. Rejects with
   * `InvalidWhereClause` for a filter that `validateWhereClause` refuses, with `InvalidInput` for another form of the rest, and
   * with `InvalidCursor` for a cursor of another query.
   */
  query<D extends object = JsonObject>(collection: string, query?: Query): Promise<Page<D>>;

  count(collection: string, filter?: Filter): Promise<number>;

  /** How `query` and `count` would answer. */
  explain(collection: string, query?: Query): Promise<QueryPlan>;

  /**
   * Writes all documents and moves the checkpoint, all or nothing, and resolves when it is as durable as the store is
   * set to be. Rejects with `CheckpointMoved`, and writes nothing, where the stored checkpoint is not `advance.from`.
   */
  write(writes: readonly Write[], advance?: Advance): Promise<void>;

  checkpoint(projection: string): Promise<Checkpoint | null>;

  /**
   * The documents with these ids, for a projection that goes on from its checkpoint. A store without transactions can have
   * documents that are ahead of the checkpoint, from a write that did not come to its end.
   */
  projected<D extends object = JsonObject>(
    collection: string,
    ids: readonly string[],
  ): Promise<Map<string, Projected<D>>>;

  /** Gives the collection `by` the place of `collection`, whose documents are gone then. No query sees a moment in between. */
  replace(collection: string, by: string): Promise<void>;

  /** Removes the collection, if there is one, with everything in it. */
  drop(collection: string): Promise<void>;

  lease(name: string): Promise<Lease | null>;

  /** Puts `to` in the place of `from`, durably; false, and nothing changes, where the lease is another by now. */
  swapLease(name: string, from: Lease | null, to: Lease): Promise<boolean>;

  /** Whether other processes may write to the same documents, so that each projection needs a lease. */
  readonly shared: boolean;

  close(): Promise<void>;
}

/** Injects the process's `ReadStore`. */
export const READ_STORE = Symbol('ReadStore');
