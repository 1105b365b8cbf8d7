import type { Clock } from '#kernel/clock';
import type { GroupSettings } from './persistent-settings.js';

/**
 * How far a group has come in what it reads. Places are opaque; they are told in the order in which they were read. Memory
 * grows with what is open, not with what was finished out of order.
 */
export class Progress {
  #next = 0;
  #passes = 0;
  #last: string | undefined;
  /** By number, the place before it. */
  readonly #open = new Map<number, string | undefined>();

  /** @param start - All up to it was finished earlier. */
  constructor(start?: string) {
    this.#last = start;
  }

  /** An event at this place begins to be worked on. Answers with its number. */
  open(place: string): number {
    this.#open.set(this.#next, this.#last);
    this.#last = place;
    return this.#next++;
  }

  close(number: number): void {
    this.#open.delete(number);
  }

  /** There is nothing to do up to this place. */
  pass(place: string): void {
    if (place === this.#last) return;
    this.#last = place;
    this.#next++;
    this.#passes++;
  }

  /** How often it passed over something. */
  get passes(): number {
    return this.#passes;
  }

  /** Where to read on. */
  get read(): string | undefined {
    return this.#last;
  }

  /** The place before the oldest open event: all up to it is finished. */
  get finished(): string | undefined {
    const oldest = this.#open.values().next();
    return oldest.done ? this.#last : oldest.value;
  }

  /** Number of events (and of passes) that are finished without a gap. */
  get count(): number {
    const oldest = this.#open.keys().next();
    return oldest.done ? this.#next : oldest.value;
  }

  get openCount(): number {
    return this.#open.size;
  }
}

/** Says when a checkpoint is worth its writing. */
export class CheckpointPolicy {
  #written: { readonly place?: string; readonly count: number; readonly passes: number; readonly at: number };

  /** @param place - The checkpoint that is stored already. */
  constructor(
    private readonly settings: GroupSettings,
    private readonly clock: Clock,
    place?: string,
  ) {
    this.#written = { place, count: 0, passes: 0, at: clock.now().getTime() };
  }

  /** The place to write, or undefined where that can wait. */
  due(progress: Progress): string | undefined {
    const place = this.outstanding(progress);
    if (place === undefined) return undefined;
    const worth = progress.count - this.#written.count;
    if (worth >= this.settings.maxCheckpointCount) return place;
    const waited = this.clock.now().getTime() - this.#written.at;
    if (waited < this.settings.checkpointAfterMs) return undefined;
    // A long stretch that the filter leaves out is one pass only: it must not be looked through again after a restart.
    const passed = progress.openCount === 0 && progress.passes > this.#written.passes;
    return passed || worth >= this.settings.minCheckpointCount ? place : undefined;
  }

  /** The place to write if there will be no other occasion. */
  outstanding(progress: Progress): string | undefined {
    return progress.finished === this.#written.place ? undefined : progress.finished;
  }

  wrote(place: string, { count, passes }: Pick<Progress, 'count' | 'passes'>): void {
    this.#written = { place, count, passes, at: this.clock.now().getTime() };
  }
}
