import type { Json } from '#kernel/json';

/**
 * When a job runs. Times are RFC 3339 texts, lengths are milliseconds. `every` counts from `from` (default: when the key was first
 * scheduled), so that it never drifts. `cron` has 5 fields, or 6 with seconds first, read in an IANA `timeZone` (default UTC); what
 * daylight saving does to it is told in `schedule-times.ts`. Both recur: occurrences after `since` (default: now) are owed, and those
 * that were missed while nothing worked are made up for: `once` (default) by the last of them, `all` by each.
 */
export type JobTime =
  | { readonly at: string }
  | { readonly after: number }
  | { readonly every: number; readonly from?: string; readonly since?: string; readonly catchUp?: CatchUp }
  | { readonly cron: string; readonly timeZone?: string; readonly since?: string; readonly catchUp?: CatchUp };

export type CatchUp = 'once' | 'all';

/** Wait after the n-th failure: `initial` × 2^(n-1), at most `max`, less a random part of it up to `jitter` (0 to 1). */
export interface Backoff {
  /** Milliseconds; default 1,000. */
  readonly initial?: number;
  /** Milliseconds; default 3,600,000. */
  readonly max?: number;
  /** Default 0.5. */
  readonly jitter?: number;
}

export interface JobRequest {
  /** Names the work, in all queues: printable text up to 200 characters. */
  readonly key: string;
  /** Name of the handler: letters, digits, `.`, `-` and `_`, as a queue's. */
  readonly handler: string;
  /** At most 64 KiB of JSON; default null. */
  readonly payload?: Json;
  /** Default: as soon as a worker is free. */
  readonly time?: JobTime;
  /** Default `default`. */
  readonly queue?: string;
  /** Runs before the job is dead; default 10. */
  readonly attempts?: number;
  readonly backoff?: Backoff;
  /** 0 (default) to 1,000: of what is due, the larger goes first. */
  readonly priority?: number;
}

/** `scheduled`: its time, or that of its next attempt, is to come. `waiting`: due. `dead`: failed for good, kept with its error. */
export type JobState = 'scheduled' | 'waiting' | 'running' | 'finished' | 'dead' | 'cancelled';

export interface JobProgress {
  /** 0 to 1. */
  readonly fraction: number;
  readonly message?: string;
}

export interface JobFailure {
  readonly message: string;
  /** Its first lines. */
  readonly stack?: string;
}

/** A job as it stands. Times are RFC 3339 texts. */
export interface JobView {
  readonly key: string;
  readonly queue: string;
  readonly handler: string;
  readonly payload: Json;
  readonly time?: JobTime;
  readonly priority: number;
  readonly state: JobState;
  /** When it is or was due; of a recurring job: its next occurrence. */
  readonly runAt: string;
  readonly scheduledAt: string;
  /** Of the run that is under way or was the last; 0 before the first. */
  readonly attempt: number;
  readonly maxAttempts: number;
  readonly startedAt?: string;
  readonly endedAt?: string;
  readonly progress?: JobProgress;
  /** Somebody cancelled it while it runs; it was told. */
  readonly cancelling?: boolean;
  /** Of the last run that failed. */
  readonly error?: JobFailure;
  readonly result?: Json;
}

export interface JobQuery {
  readonly queue?: string;
  readonly state?: JobState;
  readonly handler?: string;
  /** At most so many jobs; default 100, at most 1,000. */
  readonly limit?: number;
  /** `next` of the page before, with the same filter. */
  readonly cursor?: string;
}

export interface JobPage {
  readonly items: readonly JobView[];
  readonly next?: string;
}

/** What a handler is given. */
export interface RunningJob {
  readonly key: string;
  readonly queue: string;
  readonly handler: string;
  readonly payload: Json;
  /** From 1; a run that is taken over counts as the same attempt. */
  readonly attempt: number;
  readonly maxAttempts: number;
  /** When it was due. */
  readonly dueAt: string;
  /** Fires when the job is cancelled or its lock is lost: the handler should throw soon then. */
  readonly signal: AbortSignal;
  /** Shows how far it has come. Never rejects; of calls in quick succession the last one counts. */
  readonly progress: (fraction: number, message?: string) => Promise<void>;
}

/**
 * Does the work; what it returns is kept as the result, up to 64 KiB of JSON. It may be called again for the same key, after a crash also while an earlier
 * call still runs: its effects must be idempotent. What it throws is tried again, a `TerminalJobError` is not.
 */
export type JobHandler = (job: RunningJob) => Promise<Json | void>;

export type JobHandlers = Readonly<Record<string, JobHandler>>;

export interface WorkOptions {
  /** Jobs that this worker runs at once; default 16. */
  readonly concurrency?: number;
}

export interface JobWorker {
  /** Takes no more jobs; resolves when those that run have ended. */
  stop(): Promise<void>;
}

/**
 * Work for later, at least once. Every method but `work` rejects with `JobsUnavailable`, within seconds, where the store cannot answer
 * now, and with `InvalidInput` or `InvalidJobCursor` for input of another form. Contract: `test/contract/jobs.contract.ts`.
 */
export interface Jobs {
  /**
   * Resolves when the job is stored. A key stands for one piece of work, as long as it is kept: with the same content again nothing
   * changes, whether it waits, runs, has finished or is dead; a cancelled one begins anew. Other content replaces what has not
   * started, follows what is running, and begins anew after what has ended.
   *
   * A recurring job never runs itself: each occurrence becomes a job `<key>@<time>` of its own when it is due, once, and then
   * runs also where the recurring job is cancelled or replaced. Occurrences that take long run side by side.
   */
  schedule(request: JobRequest): Promise<JobView>;

  /**
   * Whether there was something to cancel. What has not started never will; what runs gets its signal fired, and is cancelled
   * when it throws, finished when it returns; what recurs makes no more occurrences.
   */
  cancel(key: string): Promise<boolean>;

  get(key: string): Promise<JobView | null>;

  /** By key, in the order of its UTF-8 bytes. A job that stays over all pages comes exactly once. */
  list(query?: JobQuery): Promise<JobPage>;

  /** Runs a dead or cancelled job again, at once and with all its attempts. Rejects with `JobNotFound` or `JobNotEnded`. */
  retry(key: string): Promise<JobView>;

  /**
   * Works on a queue: due jobs by priority, none before its time. A run whose worker died is taken over once its lock has run out; a
   * job that took 10 workers with it is dead. A job without a handler here fails with `UnknownHandler`, and is tried again.
   */
  work(queue: string, handlers: JobHandlers, options?: WorkOptions): JobWorker;

  /** Calls the listener whenever the store came back and may have lost jobs. Returns a function that ends it. */
  onLoss(listener: () => void): () => void;

  /** Resolves where a job could be stored now: for health checks. */
  check(): Promise<void>;

  /** Stops the workers, then lets go of the store. */
  close(): Promise<void>;
}

/** Injects the process's `Jobs`. */
export const JOBS = Symbol('Jobs');
