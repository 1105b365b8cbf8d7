import type { Json } from '#kernel/json';
import { type JobRecord, timeText } from './job-record.js';
import { MAX_PAYLOAD_BYTES } from './job-request.js';
import type { Mending } from './job-transitions.js';
import { TerminalJobError, UnknownHandler } from './jobs.errors.js';
import type { JobFailure, JobHandlers, JobProgress, RunningJob } from './jobs.port.js';

/** How a run ended. */
export type Outcome =
  | { readonly result: Json | undefined }
  | { readonly error: JobFailure; readonly mending: Mending }
  /** It threw because its worker stops. */
  | 'released';

/** Why a run's signal fired. */
export type StopReason = 'cancelled' | 'lock lost' | 'worker stops';

/** One run of a handler. */
export class JobRun {
  readonly #abort = new AbortController();
  #reason: StopReason | undefined;
  #unsaved: JobProgress | undefined;
  #saving: Promise<void> | undefined;

  constructor(
    readonly record: JobRecord,
    private readonly handlers: JobHandlers,
    private readonly save: (progress: JobProgress) => Promise<void>,
  ) {}

  /** Fires the handler's signal; the first reason counts. */
  stop(reason: StopReason): void {
    this.#reason ??= reason;
    this.#abort.abort(new Error(`The job has to stop: ${reason}.`));
  }

  /** Never rejects. The last progress is saved before it resolves. */
  async outcome(): Promise<Outcome> {
    try {
      const { handler, queue } = this.record.content;
      if (!Object.hasOwn(this.handlers, handler)) throw new UnknownHandler(handler, queue);
      const result = await this.handlers[handler]!(this.#job());
      return { result: kept(result ?? undefined) };
    } catch (error) {
      if (this.#reason === 'worker stops') return 'released';
      return { error: failureOf(error), mending: error instanceof TerminalJobError ? 'terminal' : 'retryable' };
    } finally {
      await this.#saving;
    }
  }

  #job(): RunningJob {
    const { key, content, attempt, runAt } = this.record;
    const { queue, handler, payload, attempts } = content;
    return {
      ...{ key, queue, handler, payload, attempt, maxAttempts: attempts, dueAt: timeText(runAt) },
      signal: this.#abort.signal,
      progress: (fraction, message) => this.#progress(fraction, message),
    };
  }

  #progress(fraction: number, message?: string): Promise<void> {
    const clamped = Math.min(1, Math.max(0, Number.isFinite(fraction) ? fraction : 0));
    this.#unsaved = { fraction: clamped, ...(message !== undefined && { message: message.slice(0, 1_000) }) };
    return (this.#saving ??= this.#saveLatest());
  }

  /** One write at a time: what was told meanwhile but the last is skipped. */
  async #saveLatest(): Promise<void> {
    while (this.#unsaved) {
      const latest = this.#unsaved;
      this.#unsaved = undefined;
      // Progress is for the eye: a store that cannot take it now must not fail the job.
      await this.save(latest).catch(() => undefined);
    }
    this.#saving = undefined;
  }
}

function kept(result: Json | undefined): Json | undefined {
  const text = JSON.stringify(result) as string | undefined;
  return text !== undefined && Buffer.byteLength(text) <= MAX_PAYLOAD_BYTES ? (JSON.parse(text) as Json) : undefined;
}

const STACK_LINES = 12;

function failureOf(error: unknown): JobFailure {
  if (!(error instanceof Error)) return { message: String(error).slice(0, 2_000) };
  const stack = error.stack?.split('\n').slice(0, STACK_LINES).join('\n').slice(0, 4_000);
  return { message: (error.message || error.name).slice(0, 2_000), ...(stack && { stack }) };
}

/** Resolves when all have ended, or are given up after so many milliseconds: a handler may ignore its signal. */
export async function settled(ends: readonly Promise<unknown>[], within: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const enough = new Promise<void>((resolve) => (timer = setTimeout(resolve, within)));
  await Promise.race([Promise.allSettled(ends), enough]);
  clearTimeout(timer);
}
