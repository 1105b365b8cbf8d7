import { type Clock, systemClock } from '#kernel/clock';
import { InvalidInput } from '#kernel/errors';
import { type Position, type Recorded, START } from '#kernel/event';
import { isUuid } from '#kernel/ids';
import { DEFAULT_MAX_EVENT_BYTES, encodeEvent } from './event-row.js';
import { StoreUnavailable } from './event-store.errors.js';
import type {
  AllSlice,
  Appended,
  AppendOptions,
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
import { Appender } from './eventstoredb-appender.js';
import { BatchAppends } from './eventstoredb-batch.js';
import { EventStoreDbConnection } from './eventstoredb-connection.js';
import { Deletions } from './eventstoredb-deletions.js';
import type { StoredEvent } from './eventstoredb-event.js';
import { HiddenPasts } from './eventstoredb-hidden.js';
import { MetadataStreams } from './eventstoredb-metadata.js';
import { EventStoreDbReader, farther } from './eventstoredb-reader.js';
import { ORDINARY_OR_METADATA } from './eventstoredb-requests.js';
import { Restoration } from './eventstoredb-restore.js';
import { notUnderTombstone, Signposts } from './eventstoredb-signposts.js';
import { subscription } from './eventstoredb-subscription.js';
import { LiveTail } from './eventstoredb-tail.js';
import { checkStreamName, describedStreamOf, metadataStreamOf } from './stream-name.js';
import { checkMetadata, METADATA_TYPE, parseMetadata, TOMBSTONE_TYPE } from './stream-metadata.js';

export interface EventStoreDbEventStoreOptions {
  /** Largest data of an event, in bytes; default 1 MiB. Metadata counts from its 65,537th byte on. */
  readonly maxEventBytes?: number;
  /** Appends that may wait for the server; the next one is refused. Default 10,000. */
  readonly maxQueuedWrites?: number;
  /** So long `open` waits for a server that cannot be reached; default 10 s. */
  readonly waitMs?: number;
  /** Tells how old events are; the server's own clock stamps them. */
  readonly clock?: Clock;
}

/**
 * Events in EventStoreDB or KurrentDB, version 23 or later. The user must be an administrator: `$all`, metadata and the signposts of
 * findable appends are closed to others. Appends of `any` are recognised as repetitions as long as the server remembers their ids.
 */
export class EventStoreDbEventStore implements EventStore {
  readonly shared = true;
  readonly #closing = new AbortController();
  readonly #hidden: HiddenPasts;
  readonly #batch: BatchAppends;
  readonly #reader: EventStoreDbReader;
  readonly #appender: Appender;
  readonly #metadata: MetadataStreams;
  readonly #deletions: Deletions;
  readonly #signposts: Signposts;
  readonly #restoration: Restoration;
  readonly #maxEventBytes: number;
  readonly #maxQueuedWrites: number;
  #tail: LiveTail;
  #following: Promise<void>;
  #closed: Promise<void> | undefined;
  #shown: Position = START;

  /** Rejects with StoreUnusable where the server cannot be reached within a few seconds, or refuses the user. */
  static async open(url: string, options: EventStoreDbEventStoreOptions = {}): Promise<EventStoreDbEventStore> {
    const connection = await EventStoreDbConnection.open(url, options.waitMs ?? 10_000);
    const store = new EventStoreDbEventStore(connection, options);
    try {
      await store.#begin();
      return store;
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  private constructor(
    private readonly connection: EventStoreDbConnection,
    {
      clock = systemClock,
      maxEventBytes = DEFAULT_MAX_EVENT_BYTES,
      maxQueuedWrites = 10_000,
    }: EventStoreDbEventStoreOptions,
  ) {
    this.#maxEventBytes = maxEventBytes;
    this.#maxQueuedWrites = maxQueuedWrites;
    this.#hidden = new HiddenPasts(clock);
    this.#batch = new BatchAppends(connection);
    this.#reader = new EventStoreDbReader(connection, this.#hidden, (stream) => this.#deletions.probe(stream));
    this.#appender = new Appender(this.#batch, this.#reader, connection.name);
    this.#metadata = new MetadataStreams(this.#reader, this.#appender, this.#hidden);
    this.#deletions = new Deletions(connection, this.#batch, this.#reader, this.#metadata);
    this.#signposts = new Signposts(this.#appender, this.#reader);
    this.#restoration = new Restoration(
      this.#batch,
      this.#reader,
      (stream) => this.#deletions.probe(stream),
      (stream) => this.#entomb(stream),
      clock,
    );
  }

  async append(
    stream: string,
    expected: ExpectedRevision,
    events: readonly NewEvent[],
    { findable = false }: AppendOptions = {},
  ): Promise<Appended> {
    checkStreamName(stream);
    if (events.length === 0) {
      throw new InvalidInput([{ pointer: '/events', detail: 'There must be at least one event to append.' }]);
    }
    const append = { stream, expected, events: events.map((event) => this.#stored(stream, event)) };
    this.#checkOpen();
    if (this.#appender.open >= this.#maxQueuedWrites) {
      throw new StoreUnavailable(
        `${this.#maxQueuedWrites} appends wait for the event store already. Retry in a moment, or raise PERDURE_MAX_QUEUED_WRITES.`,
      );
    }
    const appended = await this.#appender.append(append, findable ? this.#signposts.set(append) : undefined);
    await this.#appended(stream, appended);
    return appended;
  }

  async read(stream: string, options: ReadOptions = {}): Promise<StreamSlice> {
    checkStreamName(stream);
    this.#checkOpen();
    return this.#reader.stream(stream, options);
  }

  async readAll(options: ReadAllOptions = {}): Promise<AllSlice> {
    this.#checkOpen();
    await this.#metadata.known;
    return this.#reader.all(options);
  }

  subscribe(options: SubscribeOptions = {}): AsyncIterable<SubscriptionMessage> {
    const source = {
      reader: this.#reader,
      tail: this.#tail,
      hidden: this.#hidden,
      known: () => this.#shown,
      ready: this.#metadata.known,
      closed: this.#closing.signal,
    };
    return subscription(source, options);
  }

  async find(eventId: string): Promise<Recorded | undefined> {
    this.#checkOpen();
    return isUuid(eventId) ? this.#signposts.find(eventId) : undefined;
  }

  async head(): Promise<Position> {
    this.#checkOpen();
    return this.#reader.head();
  }

  async delete(stream: string, expected: ExpectedRevision, mode: 'soft' | 'tombstone'): Promise<void> {
    checkStreamName(stream);
    metadataStreamOf(stream);
    this.#checkOpen();
    await this.#deletions.delete(stream, expected, mode);
    if (mode === 'soft') await this.#metadata.refresh(stream);
    else this.#hidden.entomb(stream, await this.#reader.head());
  }

  async metadata(stream: string): Promise<StreamMetadata> {
    checkStreamName(stream);
    this.#checkOpen();
    return this.#metadata.of(stream);
  }

  async setMetadata(stream: string, metadata: StreamMetadata): Promise<void> {
    checkStreamName(stream);
    checkMetadata(metadata);
    this.#checkOpen();
    await this.#metadata.set(stream, metadata);
  }

  async restore(events: readonly Recorded[]): Promise<void> {
    this.#checkOpen();
    await this.#restoration.restore(events);
    const described = new Set(events.map(({ stream }) => describedStreamOf(stream)));
    for (const stream of described)
      if (stream !== undefined) await this.#metadata.refresh(stream).catch(notUnderTombstone);
  }

  close(): Promise<void> {
    return (this.#closed ??= this.#close());
  }

  async #begin(): Promise<void> {
    const head = await this.#reader.head();
    this.#tail = new LiveTail(this.connection, this.#hidden, head, this.#closing.signal);
    this.#following = this.#tail.follow();
    this.#metadata.learn(this.#closing.signal);
  }

  async #close(): Promise<void> {
    this.#closing.abort();
    await this.#appender.finished();
    this.#batch.close();
    await this.#following;
    await this.connection.close();
  }

  #stored(stream: string, event: NewEvent): StoredEvent {
    const { data, metadata } = encodeEvent(event, this.#maxEventBytes);
    if (describedStreamOf(stream) !== undefined) {
      if (event.type === METADATA_TYPE) parseMetadata(data);
      if (event.type === TOMBSTONE_TYPE) {
        throw new InvalidInput([{ pointer: '/type', detail: 'Delete the stream for ever, and this event follows.' }]);
      }
    }
    return { id: event.id, type: event.type, data, metadata };
  }

  /** What this process did itself, it sees at once. */
  async #appended(stream: string, { position }: Appended): Promise<void> {
    if (isShown(stream)) this.#shown = farther(this.#shown, position);
    // A deleted stream is there again, unless this was a repetition: the server knows.
    const changed = describedStreamOf(stream) ?? (this.#hidden.isDeleted(stream) ? stream : undefined);
    if (changed !== undefined) await this.#metadata.refresh(changed);
  }

  async #entomb(stream: string): Promise<void> {
    await this.#deletions.delete(stream, 'any', 'tombstone').catch(notUnderTombstone);
    this.#hidden.entomb(stream, await this.#reader.head());
  }

  #checkOpen(): void {
    if (this.#closing.signal.aborted) throw new StoreUnavailable('The event store is closed.');
  }
}

const SHOWN = new RegExp(ORDINARY_OR_METADATA);

/** Whether the live tail brings the stream's events. */
function isShown(stream: string): boolean {
  return SHOWN.test(stream);
}
