import { DomainError } from '#kernel/errors';
import type { JobRequest, Jobs } from './jobs.port.js';

/**
 * A part of the system whose events say what must still happen. All its requests are the same whenever they are made: the key
 * derives from the event, times are `at` rather than `after`, and what recurs has a `from` or `since`. Then scheduling them again
 * does nothing twice.
 */
export interface JobSource {
  readonly name: string;
  /** What is not done yet, also what is overdue. */
  outstanding(): AsyncIterable<JobRequest>;
}

const RETRY_AFTER = 1_000;
/** Requests that are under way together, so that they share the trip to the disk or to the server. */
const AT_ONCE = 64;

/** Makes what must happen independent of where jobs are stored: schedules it at the start, and when that place has lost its memory. */
export class JobRecovery {
  #stopped = false;
  #isWanted = false;
  #running: Promise<void> | undefined;
  #endListening: () => void = () => undefined;

  constructor(
    private readonly jobs: Jobs,
    private readonly sources: readonly JobSource[],
    private readonly warn: (message: string) => void = (message) => process.emitWarning(message),
  ) {}

  /** Resolves when all that is outstanding is scheduled once. */
  start(): Promise<void> {
    this.#endListening = this.jobs.onLoss(() => void this.recover());
    return this.recover();
  }

  /** Schedules all that is outstanding. Called during a round, it makes another one after it. */
  recover(): Promise<void> {
    this.#isWanted = true;
    return (this.#running ??= this.#rounds().finally(() => (this.#running = undefined)));
  }

  /** Resolves when nothing is scheduled any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#endListening();
    await this.#running;
  }

  async #rounds(): Promise<void> {
    while (this.#isWanted && !this.#stopped) {
      this.#isWanted = false;
      for (const source of this.sources) await this.#scheduleAll(source);
    }
  }

  async #scheduleAll(source: JobSource): Promise<void> {
    while (!this.#stopped) {
      try {
        let together: Promise<void>[] = [];
        for await (const request of source.outstanding()) {
          together.push(this.#scheduleOne(source, request));
          if (together.length < AT_ONCE) continue;
          await Promise.all(together);
          if (this.#stopped) return;
          together = [];
        }
        await Promise.all(together);
        return;
      } catch (error) {
        // Without it work would be lost: it is tried until it succeeds, from the beginning.
        this.warn(`The jobs of '${source.name}' are not all scheduled yet: ${(error as Error).message}`);
        await new Promise((resolve) => setTimeout(resolve, RETRY_AFTER));
      }
    }
  }

  async #scheduleOne(source: JobSource, request: JobRequest): Promise<void> {
    try {
      await this.jobs.schedule(request);
    } catch (error) {
      if (!(error instanceof DomainError) || error.retryable) throw error;
      // A request that is wrong for ever must not keep the others from being scheduled.
      this.warn(`Job '${request.key}' of '${source.name}' cannot be scheduled: ${error.message}`);
    }
  }
}
