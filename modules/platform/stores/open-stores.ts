import type { EventStore } from '#platform/event-store/event-store.port';
import { SqliteEventStore } from '#platform/event-store/sqlite-event-store.adapter';
import type { ReadStore } from '#platform/read-store/read-store.port';
import { SqliteReadStore } from '#platform/read-store/sqlite-read-store.adapter';
import type { Durability } from '#platform/sqlite/sqlite-database';

/** Where the two stores are and how they behave. */
export interface StoreOptions {
  /** `sqlite:<path>` or `sqlite::memory:`. */
  readonly eventStore: string;
  readonly readStore: string;
  readonly durability?: Durability;
  readonly maxEventBytes?: number;
  readonly maxQueuedWrites?: number;
  /** Told of each group how many writes shared its transaction. */
  readonly onGroup?: (writes: number) => void;
}

/** The event store that the URL names. Rejects with StoreUnusable, and leaves the file as it was, where it cannot be used. */
export function openEventStore({ eventStore, ...options }: StoreOptions): Promise<EventStore> {
  return SqliteEventStore.open(sqlitePath(eventStore), options);
}

/** The read store that the URL names; it may be the event store's own file. */
export function openReadStore({ readStore, ...options }: StoreOptions): Promise<ReadStore> {
  return SqliteReadStore.open(sqlitePath(readStore), options);
}

function sqlitePath(url: string): string {
  const [scheme, path] = url.split(/:(.*)/s);
  if (scheme !== 'sqlite' || !path)
    throw new Error(`'${url}' is not a store: it must look like sqlite:./data/perdure.db`);
  return path;
}
