import { systemClock, type Clock } from '#kernel/clock';
import { comparePositions, type Position } from '#kernel/event';
import type { EventStore } from '#platform/event-store/event-store.port';
import type { ReadStore } from '#platform/read-store/read-store.port';
import { backlogAfter, type Backlog } from './backlog.js';
import { PositionAhead, ProjectionBehind } from '../projecting.errors.js';
import { ProjectionWatch } from './projection-watch.js';
import { systemStopwatch, type Stopwatch } from '../stopwatch.js';
import { progressOf, type WatchedProjection } from './watched-projection.js';

export interface WaitOptions {
  /** Longest wait in milliseconds; 0 only looks. Default {@link DEFAULT_WAIT}. */
  readonly milliseconds?: number;
  /** Ends the wait, as when the client has gone: it then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** How long a query waits where it does not say, in milliseconds. */
export const DEFAULT_WAIT = 2_000;
/** How long a query may wait. */
export const LONGEST_WAIT = 30_000;
/** Queries that may wait in one process at a time: what each of them keeps is small, but not nothing. */
export const MOST_WAITING = 10_000;

/** Lets a query wait until the read models that it answers from have its client's own writes. Free of any transport. */
export class ProjectionWaits {
  readonly #watches: ReadonlyMap<string, ProjectionWatch>;
  readonly #stop = new AbortController();
  #waiting = 0;

  constructor(
    watched: readonly WatchedProjection[],
    private readonly events: EventStore,
    private readonly documents: ReadStore,
    private readonly clock: Clock = systemClock,
    private readonly stopwatch: Stopwatch = systemStopwatch,
  ) {
    this.#watches = new Map(
      watched.map((each) => [
        each.projection.name,
        new ProjectionWatch(each, events, documents, stopwatch, this.#stop.signal),
      ]),
    );
  }

  /** The projections that can be waited for. */
  get names(): readonly string[] {
    return [...this.#watches.keys()];
  }

  /** How many queries wait at this moment. */
  get waiting(): number {
    return this.#waiting;
  }

  /**
   * Resolves when the read models of these projections have every event up to this place that matters to them. A parked key does
   * not hold it up. With no names only the place itself is checked. Rejects with `ProjectionBehind` where that takes too long, too
   * many wait, or the process ends; with `PositionAhead` where the store has no such place; with `StoreUnavailable`.
   */
  async reached(names: readonly string[], after: Position, options: WaitOptions = {}): Promise<void> {
    const behind = names.map((name) => this.#watchOf(name)).filter((watch) => !watch.hasPassed(after));
    if (behind.length === 0 && names.length > 0) return;
    const last = await this.events.head();
    if (comparePositions(after, last) > 0) throw new PositionAhead(after, last);
    const isFull = this.#waiting >= MOST_WAITING;
    this.#waiting++;
    try {
      await this.#wait(behind, after, isFull ? { ...options, milliseconds: 0 } : options, isFull);
    } finally {
      this.#waiting--;
    }
  }

  /** Ends all waits, those to come too: the process is about to end. */
  end(): void {
    this.#stop.abort();
  }

  async #wait(
    watches: readonly ProjectionWatch[],
    after: Position,
    { milliseconds = DEFAULT_WAIT, signal }: WaitOptions,
    isFull: boolean,
  ): Promise<void> {
    const done = new AbortController();
    const over = new AbortController();
    if (milliseconds === 0) over.abort();
    else void this.stopwatch.wait(milliseconds, done.signal).then(() => over.abort());
    const ends = AbortSignal.any([over.signal, this.#stop.signal, ...(signal ? [signal] : [])]);
    try {
      const reached = await Promise.all(watches.map((watch) => watch.reaches(after, ends)));
      const missed = watches.filter((_, index) => !reached[index]);
      if (missed.length === 0) return;
      signal?.throwIfAborted();
      const why = this.#stop.signal.aborted ? 'ending' : isFull ? 'crowded' : 'late';
      throw await this.#behind(missed, after, why);
    } finally {
      done.abort();
    }
  }

  /** The one of them that is furthest behind. */
  async #behind(watches: readonly ProjectionWatch[], after: Position, why: ProjectionBehind['why']) {
    const all = await Promise.all(
      watches.map(async ({ watched }) => {
        const progress = await progressOf(watched, this.events, this.documents);
        const backlog = await this.#backlogOf(watched, progress.position);
        return { projection: watched.projection.name, ...progress, ...backlog };
      }),
    );
    const [worst] = all.sort((a, b) => b.lagSeconds - a.lagSeconds || b.lagEvents - a.lagEvents);
    return new ProjectionBehind(worst!, after, why);
  }

  readonly #measuring = new Map<string, Promise<Backlog>>();

  /** Measured once for all who give up at the same time. */
  #backlogOf({ projection }: WatchedProjection, position: Position): Promise<Backlog> {
    const underWay = this.#measuring.get(projection.name);
    if (underWay) return underWay;
    const measuring = backlogAfter(position, projection, this.events, this.clock).finally(() =>
      this.#measuring.delete(projection.name),
    );
    this.#measuring.set(projection.name, measuring);
    return measuring;
  }

  #watchOf(name: string): ProjectionWatch {
    const watch = this.#watches.get(name);
    if (!watch) throw new Error(`There is no projection '${name}' to wait for. Known: ${this.names.join(', ')}.`);
    return watch;
  }
}
