import type { Position, Recorded } from '#kernel/event';
import type { EventFilter } from '#kernel/projection';

/**
 * An event to be stored. Ids are UUIDs. Data and metadata are what JSON can carry; a `Uint8Array` is kept as bytes and comes back
 * as such, a `JsonText` (`event-content.ts`) is kept to the letter and comes back parsed.
 */
export interface NewEvent {
  readonly id: string;
  readonly type: string;
  readonly data: object;
  readonly metadata: object;
}

export interface AppendOptions {
  /** `find` must be able to find the first of these events by its id. Without it, only some stores can. */
  readonly findable?: boolean;
}

/**
 * The revision that the stream's last event must have: a number, `none` (no stream, or a soft-deleted one), `exists` (a
 * stream that is not deleted) or `any`.
 */
export type ExpectedRevision = number | 'none' | 'exists' | 'any';

export interface Appended {
  /** Revision and position of the last event of the append. */
  readonly revision: number;
  readonly position: Position;
}

export type Direction = 'forwards' | 'backwards';

export interface ReadOptions {
  /** First revision to read, inclusive. Default: the first forwards, the last backwards. */
  readonly from?: number;
  readonly direction?: Direction;
  /** At most so many events; default 1,000. */
  readonly limit?: number;
}

/** A slice may be shorter than its limit where events are large: read on until `lastRevision`. */
export interface StreamSlice {
  /** `missing`: never written, or soft-deleted and not written since. A tombstone throws StreamDeleted instead. */
  readonly status: 'missing' | 'present';
  readonly events: readonly Recorded[];
  /** Revision of the stream's last event, also where it lies outside the slice; -1 if there never was one. */
  readonly lastRevision: number;
}

export interface ReadAllOptions {
  /** Forwards: events after this position. Backwards: events before it. Default: all. */
  readonly position?: Position;
  readonly filter?: EventFilter;
  readonly direction?: Direction;
  /** At most so many matching events; default 1,000. */
  readonly limit?: number;
  /** Also events of system streams, whose names begin with `$`; default: without them. */
  readonly system?: boolean;
  /** Also what is hidden or deleted, as far as the store still has it: for copies; default: without it. */
  readonly hidden?: boolean;
}

/** A slice may be shorter than its limit, where events are large or few match: it is the last one only where `end` says so. */
export interface AllSlice {
  readonly events: readonly Recorded[];
  /** Read on from here; every event up to it was looked at, matching or not. */
  readonly position: Position;
  /** Whether the store's end (its beginning, backwards) was reached. */
  readonly end: boolean;
}

/** `caught-up`: all that was stored so far has been delivered. `checkpoint`: resume here; nothing matched since. */
export type SubscriptionMessage =
  | { readonly kind: 'event'; readonly event: Recorded }
  | { readonly kind: 'caught-up'; readonly position: Position }
  | { readonly kind: 'checkpoint'; readonly position: Position };

export interface SubscribeOptions {
  /** Events after this position; default: from the beginning. */
  readonly position?: Position;
  readonly filter?: EventFilter;
  /** Also events of system streams; default: without them. */
  readonly system?: boolean;
  /** Also what is hidden or deleted, as far as the store still has it; default: without it. */
  readonly hidden?: boolean;
  /** Ends the subscription. */
  readonly signal?: AbortSignal;
}

/** What a stream hides of its past. Hidden events keep their revision and their place in the global order. */
export interface StreamMetadata {
  /** Only the last so many events are visible. */
  readonly maxCount?: number;
  /** Only events recorded within so many seconds are visible. */
  readonly maxAge?: number;
  /** Events before this revision are hidden. */
  readonly truncateBefore?: number;
}

/**
 * Per-object streams in one global order.
 *
 * A stream's name is printable text of at most 500 characters; the streams of objects are named by `streamName`. Names that begin
 * with `$` are the system's: `$$<name>` holds the metadata of the stream `<name>`, one event of type `$metadata` for each change,
 * in EventStoreDB's words (`$maxCount`, `$maxAge`, `$tb`, `$acl`, and what anybody adds). Appending such an event is the same as
 * `setMetadata`, but that it says everything anew: one that takes back the `$tb` after a soft deletion may show what was deleted. A
 * `$tb` of 2^63 - 1 is a soft deletion. A tombstone adds `$streamDeleted` to `$$<name>`.
 *
 * Every method rejects with `StoreUnavailable` where the store cannot answer now, and a name of another form with
 * `InvalidStreamName`. Contract: `test/contract/event-store.contract.ts`.
 */
export interface EventStore {
  /**
   * Appends all events or none, and resolves when they are durable. Appends to one stream take effect in the order in
   * which they were called. Revisions count from 0 per stream; positions grow in the global order, and nobody sees an
   * event before one with a smaller position. If all of these event ids already stand in the stream in this order, where the expected
   * revision says or (for `any` and `exists`) anywhere, the answer is that of the first time and nothing is written; but a
   * soft-deleted stream does not exist, whatever stands in it, and `exists` is refused.
   * Rejects with `WrongExpectedRevision` (with the actual one), `StreamDeleted` after a tombstone, `EventTooLarge`.
   */
  append(
    stream: string,
    expected: ExpectedRevision,
    events: readonly NewEvent[],
    options?: AppendOptions,
  ): Promise<Appended>;

  /** A part of one stream, in order, without what its metadata hides. Sees every append that was answered before. */
  read(stream: string, options?: ReadOptions): Promise<StreamSlice>;

  /** A part of the global order, without what is hidden or deleted. Only durable events are seen. */
  readAll(options?: ReadAllOptions): Promise<AllSlice>;

  /**
   * All events after a position, then live ones as they become durable: each once, in order. A slow reader gets
   * back-pressure, not loss: events are read from the store when it asks for them.
   */
  subscribe(options?: SubscribeOptions): AsyncIterable<SubscriptionMessage>;

  /**
   * The event with this id, also where its stream hides it, but not under a tombstone; else undefined. Sees every append that was
   * answered before. See `AppendOptions.findable`.
   */
  find(eventId: string): Promise<Recorded | undefined>;

  /** Position of the last durable event; `START` in an empty store. */
  head(): Promise<Position>;

  /**
   * `soft`: the stream reads as missing; a later append goes on with the next revision and shows only what comes then.
   * `tombstone`: for ever; every later call on the stream rejects with `StreamDeleted`.
   */
  delete(stream: string, expected: ExpectedRevision, mode: 'soft' | 'tombstone'): Promise<void>;

  metadata(stream: string): Promise<StreamMetadata>;
  /**
   * Replaces these three of the stream's metadata; what others added stays, and so does a soft deletion: once the stream is there
   * again, `truncateBefore` is at least where it began anew. A stream that has no events yet may have some.
   */
  setMetadata(stream: string, metadata: StreamMetadata): Promise<void>;

  /**
   * Takes events over from another store, in the order given: each keeps its stream, revision, id, type, data, metadata and time of
   * recording, and gets the next position. System streams come along, and with them metadata and deletions. `find` knows the first
   * event of a command with a key for at least a week after it was recorded. An event that
   * stands here already at its revision is passed over, so that an interrupted copy can be repeated. Revisions may jump forward
   * where the other store no longer has the events between. Rejects with `WrongExpectedRevision` where another event has the
   * revision. Nobody else may write to these streams meanwhile.
   */
  restore(events: readonly Recorded[]): Promise<void>;

  /** Whether other processes may write to the same events, so that what is kept in memory must be checked against the store. */
  readonly shared: boolean;

  /** Finishes what was accepted, then lets go of the store. Subscriptions end. */
  close(): Promise<void>;
}

/** Injects the process's `EventStore`: events in the shapes that the program knows today, whatever was stored. */
export const EVENT_STORE = Symbol('EventStore');

/** Injects the same store with events as they were written, to the letter: for copies, proofs and other programs. */
export const STORED_EVENTS = Symbol('StoredEvents');
