import type { LoggerService } from '@nestjs/common';
import type { ParkedKey } from './parked-events.js';
import type { ProjectionStatus } from './projection-status.js';
import { backoff } from './retry-policy.js';

/** How a runner fares, for its status and for the log. */
export class RunnerState {
  #name: ProjectionStatus['state'] = 'stopped';
  #error: string | undefined;
  #failures = 0;

  constructor(private readonly logger: Pick<LoggerService, 'log' | 'warn'>) {}

  get name(): ProjectionStatus['state'] {
    return this.#name;
  }

  /** As a part of what others are told. */
  get told(): Pick<ProjectionStatus, 'state' | 'error'> {
    return { state: this.#name, ...(this.#error === undefined ? {} : { error: this.#error }) };
  }

  becomes(state: ProjectionStatus['state']): void {
    this.#name = state;
  }

  /** A page has been taken in: the last one there was, at the end. */
  goesWell(parked: readonly ParkedKey[], end: boolean): void {
    for (const { key, event, error } of parked) {
      this.#error = error.message;
      this.logger.warn(`Parked key ${JSON.stringify(key)} at event '${event.type}' (${event.id}): ${error.message}`);
    }
    if (this.#name === 'failing') this.#error = undefined;
    if (end) this.#name = 'live';
    else if (this.#name === 'failing') this.#name = 'catching-up';
    this.#failures = 0;
  }

  /** The answer is how long to wait before the next attempt, in milliseconds. */
  fails(error: unknown): number {
    this.#name = 'failing';
    this.#error = error instanceof Error ? error.message : String(error);
    const pause = backoff(++this.#failures);
    this.logger.warn(`${this.#error} Trying again in ${pause} ms.`);
    return pause;
  }
}
