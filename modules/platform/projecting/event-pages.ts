import { setImmediate } from 'node:timers/promises';
import type { Position, Recorded } from '#kernel/event';
import type { EventFilter } from '#kernel/projection';
import { StoreUnavailable } from '../event-store/event-store.errors.js';
import type { AllSlice, EventStore, SubscriptionMessage } from '../event-store/event-store.port.js';
import type { PageSize } from './page-size.js';

export interface PageOptions {
  readonly filter?: EventFilter;
  readonly size: PageSize;
  /** Ends the pages. */
  readonly signal: AbortSignal;
}

/**
 * The global order in pages: whole ones as long as there is a backlog, each read while the caller deals with the one before;
 * then what has arrived since the last page, so that a single event comes at once and pages grow by themselves under load. None is
 * larger than its size says at that moment, which learns from what the caller took for the pages before.
 */
export async function* eventPages(store: EventStore, from: Position, options: PageOptions): AsyncGenerator<AllSlice> {
  const read = (position: Position): Promise<AllSlice> => {
    const slice = store.readAll({ position, filter: options.filter, limit: options.size.now });
    slice.catch(() => {}); // reported when the page's turn comes
    return slice;
  };
  let next = read(from);
  for (;;) {
    const page = await next;
    const measured = options.size.measure();
    if (!page.end) next = read(page.position);
    yield page;
    measured(page.events.length);
    if (options.signal.aborted) return;
    if (page.end) {
      yield* livePages(store, page.position, options);
      return;
    }
  }
}

async function* livePages(store: EventStore, from: Position, options: PageOptions): AsyncGenerator<AllSlice> {
  const closing = new AbortController();
  const signal = AbortSignal.any([options.signal, closing.signal]);
  const inbox = new Inbox(from, options.size);
  void inbox.fill(store.subscribe({ position: from, filter: options.filter, signal }));
  try {
    while (await inbox.hasMail()) {
      const page = inbox.take();
      const measured = options.size.measure();
      yield page;
      measured(page.events.length);
    }
    if (!options.signal.aborted) throw new StoreUnavailable('The event store ended the subscription.');
  } finally {
    closing.abort();
    inbox.take(); // makes room, so that a waiting subscription gets to see the signal
  }
}

/** Messages of a subscription that nobody has dealt with yet: at most a page, then the subscription has to wait. */
class Inbox {
  #events: Recorded[] = [];
  #moved = false;
  /** The subscription waits. */
  #isFull = false;
  #ended = false;
  #failure: Error | undefined;
  #arrival = Promise.withResolvers<void>();
  #removal = Promise.withResolvers<void>();

  constructor(
    private position: Position,
    private readonly size: PageSize,
  ) {}

  /** Takes all messages in; resolves when the subscription ends, also where it fails. */
  async fill(messages: AsyncIterable<SubscriptionMessage>): Promise<void> {
    try {
      for await (const message of messages) {
        this.#put(message);
        if (this.#events.length < this.size.now) continue;
        this.#isFull = true;
        await this.#removal.promise;
      }
    } catch (error) {
      this.#failure = error as Error;
    }
    this.#ended = true;
    this.#arrival.resolve();
  }

  /** Waits for a message. False where none comes any more; rejects where the subscription failed. */
  async hasMail(): Promise<boolean> {
    await this.#arrival.promise;
    // One turn of the event loop, so that events that were stored together come as one page.
    await setImmediate();
    if (this.#moved) return true;
    if (this.#failure) throw this.#failure;
    return false;
  }

  take(): AllSlice {
    const [events, end] = [this.#events, !this.#isFull];
    this.#events = [];
    this.#isFull = false;
    this.#moved = false;
    if (!this.#ended) this.#arrival = Promise.withResolvers();
    this.#removal.resolve();
    this.#removal = Promise.withResolvers();
    return { events, position: this.position, end };
  }

  #put(message: SubscriptionMessage): void {
    if (message.kind === 'event') this.#events.push(message.event);
    this.position = message.kind === 'event' ? message.event.position : message.position;
    this.#moved = true;
    this.#arrival.resolve();
  }
}
