import { setImmediate } from 'node:timers/promises';
import { type Clock, systemClock } from '#kernel/clock';
import { InvalidInput } from '#kernel/errors';
import type { Position, Recorded } from '#kernel/event';
import { isUuid } from '#kernel/ids';
import { applySteps } from '#platform/sqlite/schema-steps';
import { SqliteDatabase, type SqliteOptions } from '#platform/sqlite/sqlite-database';
import { WriteRefused } from '#platform/sqlite/sqlite.errors';
import { eventStoreSteps } from '../../../migrations/sqlite-event-store/steps.js';
import { EventReader } from './event-reader.js';
import { DEFAULT_MAX_EVENT_BYTES, encodeEvent } from './event-row.js';
import { StoreUnavailable } from './event-store.errors.js';
import type {
  AllSlice,
  Appended,
  EventStore,
  ExpectedRevision,
  NewEvent,
  ReadAllOptions,
  ReadOptions,
  StreamMetadata,
  StreamSlice,
  SubscribeOptions,
  SubscriptionMessage,
} from './event-store.port.js';
import { type PageReader, readOnce, subscription } from './event-subscription.js';
import { EventWriter } from './event-writer.js';
import { encodeRestored, EventRestorer } from './event-restorer.js';
import { checkMetadata, checkMetadataEvents } from './stream-metadata.js';
import { checkStreamName, describedStreamOf, metadataStreamOf } from './stream-name.js';

export interface SqliteEventStoreOptions extends SqliteOptions {
  /** Largest data of an event, in bytes of JSON; default 1 MiB. Metadata counts from its 65,537th byte on. */
  readonly maxEventBytes?: number;
  readonly clock?: Clock;
}

/** Events in one SQLite file, written in groups; see {@link SqliteDatabase}. */
export class SqliteEventStore implements EventStore {
  /** SQLite's lock on the file keeps other processes out. */
  readonly shared = false;
  readonly #reader: EventReader;
  readonly #writer: EventWriter;
  readonly #restorer: EventRestorer;
  readonly #maxEventBytes: number;
  readonly #closing = new AbortController();
  readonly #forgetDatabase: () => void;
  readonly #waiting = new Set<(page: PageReader) => void>();
  #closed: Promise<void> | undefined;
  /** Position up to which all events are durable; nothing is shown beyond it. */
  #durable = 0;

  /** Opens the file, or makes it; `:memory:` lasts until it is closed. Rejects with StoreUnusable. */
  static async open(path: string, options: SqliteEventStoreOptions = {}): Promise<SqliteEventStore> {
    const database = SqliteDatabase.open(path, options);
    try {
      applySteps(database, 'event-store', eventStoreSteps);
      const store = new SqliteEventStore(database, options);
      // What others wrote a moment ago through the same database may not be durable before this group is.
      await database.write(() => undefined);
      return store;
    } catch (error) {
      await database.close();
      throw error;
    }
  }

  private constructor(
    private readonly database: SqliteDatabase,
    { clock = systemClock, maxEventBytes = DEFAULT_MAX_EVENT_BYTES }: SqliteEventStoreOptions,
  ) {
    this.#maxEventBytes = maxEventBytes;
    this.#reader = new EventReader(database, clock);
    this.#writer = new EventWriter(database, clock);
    this.#restorer = new EventRestorer(database);
    this.#forgetDatabase = database.onDurable(() => this.#advance());
  }

  async append(stream: string, expected: ExpectedRevision, events: readonly NewEvent[]): Promise<Appended> {
    checkStreamName(stream);
    if (events.length === 0) {
      throw new InvalidInput([{ pointer: '/events', detail: 'There must be at least one event to append.' }]);
    }
    const encoded = events.map((event) => encodeEvent(event, this.#maxEventBytes));
    if (describedStreamOf(stream) !== undefined) checkMetadataEvents(encoded);
    return this.#write(() => this.#writer.append(stream, expected, encoded));
  }

  async read(stream: string, options: ReadOptions = {}): Promise<StreamSlice> {
    checkStreamName(stream);
    return this.#look(() => this.#reader.stream(stream, options, this.#durable));
  }

  async readAll(options: ReadAllOptions = {}): Promise<AllSlice> {
    let slice = this.#page(options);
    while (!slice.end && slice.events.length === 0) {
      // Where few events match, the search is long: it lets others in between.
      await setImmediate();
      slice = this.#page({ ...options, position: slice.position });
    }
    return slice;
  }

  subscribe(options: SubscribeOptions = {}): AsyncIterable<SubscriptionMessage> {
    const source = {
      page: (part: ReadAllOptions) => this.#page(part),
      growth: (position: Position, signal: AbortSignal) => this.#growth(position, signal),
      closed: this.#closing.signal,
    };
    return subscription(source, options);
  }

  async find(eventId: string): Promise<Recorded | undefined> {
    return this.#look(() => (isUuid(eventId) ? this.#reader.find(eventId, this.#durable) : undefined));
  }

  async head(): Promise<Position> {
    return this.#look(() => String(this.#durable));
  }

  async delete(stream: string, expected: ExpectedRevision, mode: 'soft' | 'tombstone'): Promise<void> {
    checkStreamName(stream);
    metadataStreamOf(stream);
    return this.#write(() =>
      mode === 'soft' ? this.#writer.softDelete(stream, expected) : this.#writer.entomb(stream, expected),
    );
  }

  /**
   * What the last event of the metadata stream says. After a soft deletion and what was appended since, `truncateBefore` is where
   * that began; whoever takes it away with an event of his own does not bring back what was deleted.
   */
  async metadata(stream: string): Promise<StreamMetadata> {
    checkStreamName(stream);
    return this.#look(() => this.#reader.metadata(stream));
  }

  async setMetadata(stream: string, metadata: StreamMetadata): Promise<void> {
    checkStreamName(stream);
    metadataStreamOf(stream);
    checkMetadata(metadata);
    return this.#write(() => this.#writer.setMetadata(stream, metadata));
  }

  /** The events of a call are one transaction; some thousands of them at once are quickest. */
  async restore(events: readonly Recorded[]): Promise<void> {
    const encoded = events.map(encodeRestored);
    return this.#write(() => this.#restorer.restore(encoded));
  }

  close(): Promise<void> {
    return (this.#closed ??= this.#close());
  }

  async #close(): Promise<void> {
    this.#closing.abort();
    await this.database.close();
    this.#forgetDatabase();
  }

  /** One step of `readAll`: ends early where few events match. */
  #page(options: ReadAllOptions): AllSlice {
    return this.#look(() => this.#reader.all(options, this.#durable));
  }

  #growth(position: Position, signal: AbortSignal): Promise<PageReader> {
    return new Promise((resolve) => {
      const wake = (page: PageReader): void => {
        if (!signal.aborted && this.#durable <= Number(position)) return;
        this.#waiting.delete(wake);
        signal.removeEventListener('abort', abort);
        resolve(page);
      };
      const readAnew: PageReader = (options) => this.#page(options);
      const abort = (): void => wake(readAnew);
      this.#waiting.add(wake);
      signal.addEventListener('abort', abort);
      wake(readAnew);
    });
  }

  #advance(): void {
    const durable = this.#reader.lastPosition();
    if (durable === this.#durable) return;
    this.#durable = durable;
    const page = readOnce((options) => this.#page(options));
    for (const wake of this.#waiting) wake(page);
  }

  #look<T>(query: () => T): T {
    if (this.#closing.signal.aborted) throw new StoreUnavailable('The event store is closed.');
    try {
      return query();
    } catch (error) {
      if ((error as { errcode?: number }).errcode === undefined) throw error;
      throw new StoreUnavailable(`SQLite cannot read the store: ${(error as Error).message}`, { cause: error });
    }
  }

  #write<T>(work: () => T): Promise<T> {
    if (this.#closing.signal.aborted) throw new StoreUnavailable('The event store is closed.');
    return this.database.write(work).catch(rethrow);
  }
}

function rethrow(error: unknown): never {
  if (!(error instanceof WriteRefused)) throw error;
  throw new StoreUnavailable(error.message, { cause: error });
}
