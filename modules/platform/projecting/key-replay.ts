import type { Position, Recorded } from '#kernel/event';
import type { Projection } from '#kernel/projection';
import type { Write } from '../read-store/read-store.port.js';
import { foldKey, type Failure } from './key-fold.js';
import { park, parkBehind, parkedEvents, parkedKeyId, type ParkedKey } from './parked-events.js';

/** A parked key that is tried again: folds its events as they come by, as far as that goes. */
export class KeyReplay {
  readonly id: string;
  /** Events up to here are in the document already. */
  readonly start: Position;
  #document: object | null;
  /** Of the last event that is in the document. */
  #position: Position;
  #failure: { readonly record: ParkedKey; readonly error: unknown; readonly isSame: boolean } | undefined;

  constructor(
    private readonly projection: Projection<object>,
    readonly key: string,
    from: { readonly document: object | null; readonly position: Position },
    /** The record of its parking; not there where the document is folded from the first event. */
    private readonly before: ParkedKey | undefined,
    private readonly now: Date,
  ) {
    this.id = parkedKeyId(projection, key);
    this.#document = from.document;
    this.#position = from.position;
    this.start = from.position;
  }

  /** What the key is parked for in the end, if it is. */
  get failure(): { readonly error: unknown } | undefined {
    return this.#failure;
  }

  /** Takes in the next events of the key. `placeBefore` tells the place right before one that fails. */
  take(events: readonly Recorded[], placeBefore: (event: Recorded) => Position): void {
    if (events.length === 0 || this.#failure?.isSame) return;
    if (this.#failure) {
      this.#failure = { ...this.#failure, record: parkBehind(this.#failure.record, events) };
      return;
    }
    const { document, failure } = foldKey(this.projection, this.#document, events);
    this.#document = document;
    const at = failure ? events.indexOf(failure.event) : events.length;
    this.#position = events[at - 1]?.position ?? this.#position;
    if (failure) this.#fail(failure, events.slice(at + 1), placeBefore(failure.event));
  }

  /** What is to be written when all events up to a place were taken in. */
  writes(until: Position): Write[] {
    const parking = { collection: parkedEvents.name, id: this.id, position: until };
    if (this.#failure?.isSame) return [{ ...parking, document: this.#failure.record }];
    const position = this.#failure ? this.#position : until;
    return [
      { collection: this.projection.readModel.name, id: this.key, document: this.#document, position },
      { ...parking, document: this.#failure?.record ?? null },
    ];
  }

  #fail(failure: Failure, behind: readonly Recorded[], after: Position): void {
    const { before, projection, key, now } = this;
    const isSame = before !== undefined && failure.event.id === before.event.id;
    const record = park(projection, key, failure, after, now);
    this.#failure = {
      // At the same event as before, what waits behind it goes on waiting.
      record: isSame ? failedAgain(before, record) : parkBehind(record, behind),
      error: failure.error,
      isSame,
    };
  }
}

/** The record of one more try that failed at the same event. */
export function failedAgain({ waiting, parkedAt, attempts, after }: ParkedKey, record: ParkedKey): ParkedKey {
  return { ...record, waiting, parkedAt, after, attempts: attempts + 1 };
}
