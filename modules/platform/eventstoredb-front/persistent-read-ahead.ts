import type { EventStore } from '#platform/event-store/event-store.port';
import { resolve } from './links.js';
import type { Delivery } from './persistent-delivery.js';
import { message } from './persistent-message.js';
import type { ParkedMessages } from './persistent-parked.js';
import type { Progress } from './persistent-progress.js';
import type { GroupSettings } from './persistent-settings.js';
import type { Source } from './persistent-source.js';

export interface ReadAheadOptions {
  readonly store: EventStore;
  readonly source: Source;
  readonly settings: GroupSettings;
  /** Of the source. */
  readonly progress: Progress;
  readonly parked: ParkedMessages;
  readonly delivery: Delivery;
  readonly warn: (attempt: string, error: unknown) => void;
}

/** Keeps a delivery supplied: with parked events that are to be replayed, and with its source, as far as the buffers go. */
export class ReadAhead {
  /** Whether the last page that was read went up to the end. */
  #live = false;
  /** Whether there may be something that was not read yet. */
  #more = true;
  #woken = false;
  #stopped = false;
  #working: Promise<void> | undefined;

  constructor(private readonly options: ReadAheadOptions) {}

  get live(): boolean {
    return this.#live;
  }

  /** Whether everything has been read. */
  get caughtUp(): boolean {
    return this.#live && !this.#more;
  }

  /** There is something new in the source. */
  more(): void {
    this.#more = true;
    this.wake();
  }

  /** There may be room in the buffers, or something to replay. After a failure, this is the next attempt. */
  wake(): void {
    this.#woken = true;
    if (this.#working || this.#stopped) return;
    this.#working = this.#work().then(
      () => {
        this.#working = undefined;
        // It may have been called after the work had seen that there was nothing left, and before this.
        if (this.#woken) this.wake();
      },
      (error: unknown) => {
        this.#working = undefined;
        this.options.warn('read on', error);
      },
    );
  }

  stop(): void {
    this.#stopped = true;
  }

  async settle(): Promise<void> {
    await this.#working;
  }

  async #work(): Promise<void> {
    while (this.#woken && !this.#stopped) {
      this.#woken = false;
      await this.#replay();
      await this.#readOn();
    }
  }

  /** Nobody is helped by what is read while there are no consumers. */
  get #wanted(): boolean {
    return !this.#stopped && this.options.delivery.connections.length > 0;
  }

  async #replay(): Promise<void> {
    const { parked, delivery, settings } = this.options;
    while (this.#wanted && parked.replaying) {
      const room = settings.historyBufferSize - delivery.retryCount;
      if (room <= 0) return;
      const messages = await parked.next(Math.min(room, settings.readBatchSize));
      if (messages.length === 0) return;
      delivery.offerAgain(messages);
    }
  }

  async #readOn(): Promise<void> {
    const { historyBufferSize, liveBufferSize, readBatchSize } = this.options.settings;
    while (this.#wanted && this.#more) {
      const size = this.#live ? liveBufferSize : historyBufferSize;
      const limit = Math.min(readBatchSize, size);
      if (size - this.options.delivery.readyCount < limit) return;
      // What is stored from here on may be missing from the page.
      this.#more = false;
      try {
        await this.#readPage(limit);
      } catch (error) {
        this.#more = true;
        throw error;
      }
    }
  }

  async #readPage(limit: number): Promise<void> {
    const { store, source, settings, progress, delivery } = this.options;
    const { events, at, end } = await source.read(progress.read, limit);
    const resolved = await Promise.all(events.map((event) => resolve(store, event, settings.resolveLinks)));
    const messages = resolved.map((event, index) =>
      message(event, 'source', progress.open(source.placeOf(events[index]!))),
    );
    if (at !== undefined) progress.pass(at);
    this.#live = end;
    if (!end) this.#more = true;
    delivery.offer(messages);
  }
}
