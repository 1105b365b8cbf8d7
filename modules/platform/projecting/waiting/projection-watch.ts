import { comparePositions, type Position, type Recorded } from '#kernel/event';
import type { Projection } from '#kernel/projection';
import type { EventStore } from '#platform/event-store/event-store.port';
import type { ReadStore } from '#platform/read-store/read-store.port';
import type { Stopwatch } from '../stopwatch.js';
import { progressOf, type WatchedProjection } from './watched-projection.js';

/** Milliseconds between two looks at what another process has stored. */
const LOOK_EVERY = 25;
/** The same for a projection of this process, which tells by itself that it moved: only to be safe. */
const MAKE_SURE_EVERY = 500;
/** Events read at a time to see whether any of them matters. */
const PAGE = 100;

/** What is known beyond the place where a projection stands. */
interface Outlook {
  /** Where it stands. */
  readonly from: Position;
  /** Up to here no event matters to it. */
  upTo: Position;
  /** The first event that does matter, where one was found. */
  next?: Position;
}

/** Those who wait for one projection: however many they are, they share each look at how far it is. */
export class ProjectionWatch {
  #outlook: Outlook | undefined;
  #looking: Promise<void> | undefined;
  #pulse: Promise<void> | undefined;

  constructor(
    readonly watched: WatchedProjection,
    private readonly events: EventStore,
    private readonly documents: ReadStore,
    private readonly stopwatch: Stopwatch,
    private readonly stop: AbortSignal,
  ) {}

  /** Whether this process knows, without asking anybody, that the projection has come to this place. */
  hasPassed(after: Position): boolean {
    const { progress } = this.watched;
    return progress !== undefined && progress.state !== 'elsewhere' && comparePositions(progress.position, after) >= 0;
  }

  /**
   * True as soon as every event up to this place that matters is in the read model; false where the signal fires before. Looks once
   * also where it has fired already. Rejects where a store cannot answer.
   */
  async reaches(after: Position, signal: AbortSignal): Promise<boolean> {
    const ended = fired(signal);
    // A look that is under way may have begun before the caller's command was done.
    await this.#looking;
    for (;;) {
      const moved = this.watched.movement?.next();
      await this.#look();
      if (this.#isBeyond(after)) return true;
      if (signal.aborted) return false;
      await Promise.race([ended, this.#nextPulse(), ...(moved ? [moved] : [])]);
    }
  }

  #isBeyond(after: Position): boolean {
    const { upTo, next } = this.#outlook!;
    return comparePositions(upTo, after) >= 0 || (next !== undefined && comparePositions(after, next) < 0);
  }

  #look(): Promise<void> {
    return (this.#looking ??= this.#lookOut().finally(() => (this.#looking = undefined)));
  }

  /** An event that is passed over has no effect: where nothing else comes up to a place, the projection is as good as there. */
  async #lookOut(): Promise<void> {
    const { position } = await progressOf(this.watched, this.events, this.documents);
    const outlook = (this.#outlook = this.#outlookFrom(position));
    const { filter } = this.watched.projection;
    while (outlook.next === undefined) {
      const slice = await this.events.readAll({ position: outlook.upTo, filter, limit: PAGE });
      outlook.next = slice.events.find((event) => matters(this.watched.projection, event))?.position;
      const stands = comparePositions(slice.position, outlook.upTo) <= 0;
      if (outlook.next === undefined && !stands) outlook.upTo = slice.position;
      if (slice.end || stands) return;
    }
  }

  /** What was found out before still holds, unless the projection has passed it or begun anew. */
  #outlookFrom(position: Position): Outlook {
    const known = this.#outlook;
    const holds =
      known &&
      comparePositions(known.from, position) <= 0 &&
      (comparePositions(position, known.upTo) <= 0 || (known.next && comparePositions(position, known.next) < 0));
    return holds ? known : { from: position, upTo: position };
  }

  /** One timer for all who wait. */
  #nextPulse(): Promise<void> {
    const { progress } = this.watched;
    const pause = progress && progress.state !== 'elsewhere' ? MAKE_SURE_EVERY : LOOK_EVERY;
    return (this.#pulse ??= this.stopwatch.wait(pause, this.stop).then(() => (this.#pulse = undefined)));
  }
}

/** Whether the event changes a document. Where the projection fails to tell, the runner has to get past the event first. */
export function matters(projection: Projection<object>, event: Recorded): boolean {
  try {
    return projection.key(event) !== null;
  } catch {
    return true;
  }
}

function fired(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
