import type { JobRecord } from './job-record.js';
import { JobRun, type Outcome, settled, type StopReason } from './job-run.js';
import type { JobHandlers, JobProgress, JobWorker } from './jobs.port.js';

/** `setTimeout` cannot count further than this many milliseconds. */
const LONGEST_TIMER = 2 ** 31 - 1;
const RETRY_AFTER = 1_000;

/** What a worker needs of the store. */
export interface JobStock {
  now(): number;
  claim(limit: number): Promise<JobRecord[]>;
  /** When the next job is due; undefined where there is none. */
  nextDue(): number | undefined;
  end(run: JobRecord, outcome: Outcome): Promise<void>;
  progress(run: JobRecord, progress: JobProgress): Promise<void>;
  /** Told of what keeps the worker from its work. */
  warn(error: unknown): void;
}

/** Works on one queue of the SQLite store, woken by one timer. */
export class SqliteJobWorker implements JobWorker {
  readonly #runs = new Map<string, { run: JobRun; done: Promise<void> }>();
  /** Handlers under way; a run is there until its end is written down. */
  #active = 0;
  #timer: NodeJS.Timeout | undefined;
  #claiming: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;

  constructor(
    readonly queue: string,
    private readonly stock: JobStock,
    private readonly handlers: JobHandlers,
    private readonly concurrency: number,
    private readonly drain: number,
    private readonly onStop: (worker: SqliteJobWorker) => void,
  ) {
    this.wake();
  }

  /** Looks again when the next job is due: something has changed. */
  wake(): void {
    if (this.#stopped || this.#claiming || this.#active >= this.concurrency) return;
    let due: number | undefined;
    try {
      due = this.stock.nextDue();
    } catch (error) {
      this.stock.warn(error);
      due = this.stock.now() + RETRY_AFTER;
    }
    clearTimeout(this.#timer);
    if (due === undefined) return;
    const wait = Math.min(LONGEST_TIMER, Math.max(0, due - this.stock.now()));
    this.#timer = setTimeout(() => this.#claimNext(), wait);
  }

  /** Fires the signal of the run of this job, if it is here. */
  interrupt(key: string, reason: StopReason): void {
    this.#runs.get(key)?.run.stop(reason);
  }

  stop(): Promise<void> {
    return (this.#stopped ??= this.#stop());
  }

  async #stop(): Promise<void> {
    clearTimeout(this.#timer);
    const impatience = setTimeout(() => {
      for (const { run } of this.#runs.values()) run.stop('worker stops');
    }, this.drain);
    await this.#claiming;
    await settled(
      [...this.#runs.values()].map(({ done }) => done),
      2 * this.drain,
    );
    clearTimeout(impatience);
    this.onStop(this);
  }

  #claimNext(): void {
    if (this.#stopped || this.#claiming) return;
    this.#claiming = this.#claim().finally(() => {
      this.#claiming = undefined;
      this.wake();
    });
  }

  async #claim(): Promise<void> {
    try {
      for (const record of await this.stock.claim(this.concurrency - this.#active)) this.#begin(record);
    } catch (error) {
      // The disk is full, or the like. It is tried again for as long as we work.
      this.stock.warn(error);
      await new Promise((resolve) => setTimeout(resolve, RETRY_AFTER));
    }
  }

  #begin(record: JobRecord): void {
    const run = new JobRun(record, this.handlers, (progress) => this.stock.progress(record, progress));
    this.#active++;
    const done = this.#see(record, run).finally(() => {
      if (this.#runs.get(record.key)?.run === run) this.#runs.delete(record.key);
    });
    this.#runs.set(record.key, { run, done });
  }

  async #see(record: JobRecord, run: JobRun): Promise<void> {
    const outcome = await run.outcome();
    this.#active--;
    this.wake();
    for (;;) {
      try {
        return await this.stock.end(record, outcome);
      } catch (error) {
        // Done and not written down would be done again: better late than twice. When we stop, the next process takes over.
        if (this.#stopped) return;
        this.stock.warn(error);
        await new Promise((resolve) => setTimeout(resolve, RETRY_AFTER));
      }
    }
  }
}
