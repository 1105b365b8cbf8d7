import type { Stopwatch } from '../projecting/stopwatch.js';
import type { Operation } from './operation.js';

/** Milliseconds between two notes of how far it is. */
const NOTE_EVERY_MS = 500;

/** An operation that is being carried out: its handler tells how far it is, and is told to stop. */
export class OperationRun {
  readonly #stop = new AbortController();
  readonly #startedAt: number;
  #operation: Operation;
  #notedAt = -Infinity;
  #noting: Promise<void> = Promise.resolve();
  #reason: 'cancelled' | 'interrupted' | undefined;
  /** Units that were done when this run began; fewer than was noted, where a kill lost some of them. */
  #before: number;
  /** Resolves when it has come to an end, whichever. */
  ended: Promise<void> = Promise.resolve();

  constructor(
    operation: Operation,
    private readonly stopwatch: Stopwatch,
    private readonly save: (operation: Operation) => Promise<void>,
  ) {
    this.#operation = operation;
    this.#before = operation.done;
    this.#startedAt = stopwatch.now();
  }

  /** As it stands. */
  get operation(): Operation {
    return this.#operation;
  }

  /** Fires when the work is to stop. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  get isCancelled(): boolean {
    return this.#reason === 'cancelled';
  }

  get isInterrupted(): boolean {
    return this.#reason === 'interrupted';
  }

  /** By somebody's wish. */
  cancel(): void {
    this.#reason ??= 'cancelled';
    this.#stop.abort();
  }

  /** Because this process ends, or another one goes on with it. */
  interrupt(): void {
    this.#reason ??= 'interrupted';
    this.#stop.abort();
  }

  /** So many units are done, of so many as far as is known. Stored now and then. */
  progress(done: number, total: number | null): void {
    const now = this.stopwatch.now();
    const seconds = (now - this.#startedAt) / 1_000;
    this.#before = Math.min(this.#before, done);
    const rate = seconds > 0 ? Math.round((done - this.#before) / seconds) : null;
    const secondsLeft = rate && total !== null ? Math.max(0, Math.round((total - done) / rate)) : null;
    this.#operation = { ...this.#operation, done, total, rate, secondsLeft, error: null };
    if (now - this.#notedAt < NOTE_EVERY_MS) return;
    this.#notedAt = now;
    const noted = this.#operation;
    // A note that does not arrive is made good by the next one.
    this.#noting = this.#noting.then(() => (this.signal.aborted ? undefined : this.save(noted))).catch(() => {});
  }

  /** What it is waiting to be over. */
  async note(error: string): Promise<void> {
    this.#operation = { ...this.#operation, error };
    await this.save(this.#operation).catch(() => {}); // it may be the store that does not answer
  }
}
