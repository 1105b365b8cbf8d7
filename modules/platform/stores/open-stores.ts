import type { EventStore } from '#platform/event-store/event-store.port';
import type { ReadStore } from '#platform/read-store/read-store.port';
import type { Durability } from '#platform/sqlite/sqlite-database';

/** How stores behave, wherever they are. */
export interface StoreSettings {
  readonly durability?: Durability;
  readonly maxEventBytes?: number;
  readonly maxQueuedWrites?: number;
  /** Told of each group how many writes shared its transaction. */
  readonly onGroup?: (writes: number) => void;
}

/** Where the stores are, and how they behave. */
export interface StoreOptions extends StoreSettings {
  /** `sqlite:<path>`, `sqlite::memory:` or `esdb://<host>:<port>`. */
  readonly eventStore: string;
  /** Another event store that is kept as a copy of it; empty or left out for none. */
  readonly eventStoreMirror?: string;
  readonly readEventsFrom?: 'store' | 'mirror';
  /** `sqlite:<path>`, `sqlite::memory:` or `mongodb://<host>:<port>/<database>`. */
  readonly readStore: string;
}

/** The event store that the URL names. Rejects with StoreUnusable, and leaves the store as it was, where it cannot be used. */
export async function openEventStore(url: string, settings: StoreSettings = {}): Promise<EventStore> {
  // An adapter's client library takes its time to load: only the chosen one is.
  switch (schemeOf(url)) {
    case 'sqlite': {
      const { SqliteEventStore } = await import('#platform/event-store/sqlite-event-store.adapter');
      return SqliteEventStore.open(sqlitePath(url), settings);
    }
    case 'esdb':
    case 'esdb+discover':
    case 'kurrentdb':
    case 'kurrentdb+discover': {
      const { EventStoreDbEventStore } = await import('#platform/event-store/eventstoredb-event-store.adapter');
      return EventStoreDbEventStore.open(url, settings);
    }
    default:
      throw notAStore(url, 'sqlite:./data/perdure.db or esdb://localhost:2113?tls=false');
  }
}

/** The event store that the application uses: the one that is named, with its mirror where there is one. */
export async function openStoreAndMirror(options: StoreOptions): Promise<EventStore> {
  const store = await openEventStore(options.eventStore, options);
  if (!options.eventStoreMirror) return store;
  const { MirroredEventStore } = await import('#platform/copying/mirrored-event-store');
  try {
    const mirror = await openEventStore(options.eventStoreMirror, options);
    return await MirroredEventStore.open(store, mirror, options.readEventsFrom ?? 'store');
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** The read store that the URL names; a SQLite file may be the event store's own. */
export async function openReadStore(url: string, settings: StoreSettings = {}): Promise<ReadStore> {
  switch (schemeOf(url)) {
    case 'sqlite': {
      const { SqliteReadStore } = await import('#platform/read-store/sqlite-read-store.adapter');
      return SqliteReadStore.open(sqlitePath(url), settings);
    }
    case 'mongodb':
    case 'mongodb+srv': {
      const { MongoDbReadStore } = await import('#platform/read-store/mongodb-read-store.adapter');
      return MongoDbReadStore.open(url, settings);
    }
    default:
      throw notAStore(url, 'sqlite:./data/perdure.db or mongodb://localhost:27017/perdure');
  }
}

function schemeOf(url: string): string {
  return url.slice(0, Math.max(0, url.indexOf(':')));
}

function sqlitePath(url: string): string {
  const path = url.slice('sqlite:'.length);
  if (!path) throw notAStore(url, 'sqlite:./data/perdure.db');
  return path;
}

function notAStore(url: string, form: string): Error {
  return new Error(`'${url}' is not a store: it must look like ${form}.`);
}
