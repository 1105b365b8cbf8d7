import { comparePositions, type Position, type Recorded } from '#kernel/event';
import { backOff } from './eventstoredb-patience.js';
import type { EventStoreDbConnection } from './eventstoredb-connection.js';
import { recordedEvent } from './eventstoredb-event.js';
import type { HiddenPasts } from './eventstoredb-hidden.js';
import { ORDINARY_OR_METADATA, readAllRequest } from './eventstoredb-requests.js';

/** What is kept in memory of the newest events. */
const KEPT_EVENTS = 4_096;
const KEPT_BYTES = 16 * 2 ** 20;

interface Kept {
  readonly event: Recorded;
  readonly bytes: number;
}

/**
 * The newest events of the global order, from one subscription that all subscribers of this process share. When the connection
 * breaks it goes on after the last event it saw, as often as need be, so that it has neither gaps nor repetitions.
 *
 * One subscription a subscriber, filtered by the server, would bring fewer events to a process with one narrow filter. But it would
 * say nothing for a long time where nothing matches, and whoever waits for a projection to reach a position would wait with it.
 */
export class LiveTail {
  readonly #kept: Kept[] = [];
  #bytes = 0;
  readonly #waiting = new Set<() => void>();

  /** Everything after `start` is here, up to `position`. */
  constructor(
    private readonly connection: EventStoreDbConnection,
    private readonly hidden: HiddenPasts,
    private start: Position,
    private readonly closed: AbortSignal,
    public position = start,
  ) {}

  /** Follows the server until the store is closed. */
  async follow(): Promise<void> {
    for (let failures = 0; !this.closed.aborted; failures++) {
      try {
        const request = readAllRequest({ from: this.position, filter: { stream: ORDINARY_OR_METADATA } });
        for await (const response of this.connection.read(request, { signal: this.closed })) {
          failures = 0;
          const message = response.getEvent()?.getEvent();
          if (!message) continue;
          const bytes = message.getData_asU8().length + message.getCustomMetadata_asU8().length;
          this.#take(recordedEvent(message), bytes);
        }
      } catch {
        // It is tried again, and whoever reads hears of it there.
      }
      await backOff(failures, this.closed);
    }
  }

  /** The events after the position; undefined where they reach farther back than memory does. */
  after(position: Position): readonly Recorded[] | undefined {
    if (comparePositions(position, this.start) < 0) return undefined;
    let low = 0;
    let high = this.#kept.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (comparePositions(this.#kept[middle]!.event.position, position) <= 0) low = middle + 1;
      else high = middle;
    }
    return this.#kept.slice(low).map(({ event }) => event);
  }

  /** Resolves when there is an event after the position, or at the signal. */
  growth(position: Position, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        if (!signal.aborted && comparePositions(this.position, position) <= 0) return;
        this.#waiting.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal.addEventListener('abort', wake);
      wake();
    });
  }

  #take(event: Recorded, bytes: number): void {
    if (comparePositions(event.position, this.position) <= 0) return;
    this.hidden.take(event);
    this.position = event.position;
    this.#kept.push({ event, bytes });
    this.#bytes += bytes;
    if (this.#kept.length > KEPT_EVENTS || this.#bytes > KEPT_BYTES) this.#forget();
    for (const wake of [...this.#waiting]) wake();
  }

  /** The older half, so that it is not done for every event. */
  #forget(): void {
    const forgotten = this.#kept.splice(0, this.#kept.length >>> 1);
    for (const { bytes } of forgotten) this.#bytes -= bytes;
    this.start = forgotten.at(-1)!.event.position;
  }
}
