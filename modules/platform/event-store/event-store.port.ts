import type { Position, Recorded } from '#kernel/event';
import type { EventFilter } from '#kernel/projection';

/** An event to be stored. Ids are UUIDs; data and metadata are anything that JSON can carry. */
export interface NewEvent {
  readonly id: string;
  readonly type: string;
  readonly data: object;
  readonly metadata: object;
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
 * Every method rejects with `StoreUnavailable` where the store cannot answer now, and any stream name that is not
 * `<tenant>.<type>-<id>` with `InvalidStreamName`. Contract: `test/contract/event-store.contract.ts`.
 */
export interface EventStore {
  /**
   * Appends all events or none, and resolves when they are durable. Appends to one stream take effect in the order in
   * which they were called. Revisions count from 0 per stream; positions grow in the global order, and nobody sees an
   * event before one with a smaller position. If all of these event ids already stand in the stream in this order, where the expected
   * revision says or (for `any` and `exists`) anywhere, the answer is that of the first time and nothing is written.
   * Rejects with `WrongExpectedRevision` (with the actual one), `StreamDeleted` after a tombstone, `EventTooLarge`.
   */
  append(stream: string, expected: ExpectedRevision, events: readonly NewEvent[]): Promise<Appended>;

  /** A part of one stream, in order, without what its metadata hides. Sees every append that was answered before. */
  read(stream: string, options?: ReadOptions): Promise<StreamSlice>;

  /** A part of the global order, without what is hidden or deleted. Only durable events are seen. */
  readAll(options?: ReadAllOptions): Promise<AllSlice>;

  /**
   * All events after a position, then live ones as they become durable: each once, in order. A slow reader gets
   * back-pressure, not loss: events are read from the store when it asks for them.
   */
  subscribe(options?: SubscribeOptions): AsyncIterable<SubscriptionMessage>;

  /** The event with this id, or undefined. */
  find(eventId: string): Promise<Recorded | undefined>;

  /** Position of the last durable event; `START` in an empty store. */
  head(): Promise<Position>;

  /**
   * `soft`: the stream reads as missing; a later append goes on with the next revision and shows only what comes then.
   * `tombstone`: for ever; every later call on the stream rejects with `StreamDeleted`.
   */
  delete(stream: string, expected: ExpectedRevision, mode: 'soft' | 'tombstone'): Promise<void>;

  metadata(stream: string): Promise<StreamMetadata>;
  /** Replaces the stream's metadata. A stream that has no events yet may have some. */
  setMetadata(stream: string, metadata: StreamMetadata): Promise<void>;

  /** Finishes what was accepted, then lets go of the store. Subscriptions end. */
  close(): Promise<void>;
}

/** Injects the process's `EventStore`. */
export const EVENT_STORE = Symbol('EventStore');
