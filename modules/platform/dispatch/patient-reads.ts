import type { Logger } from '@nestjs/common';
import { inTime } from '../in-time.js';

/** Milliseconds that a reader waits for a snapshot: without it, it reads more events. */
const PATIENCE_MS = 1_000;
/** Milliseconds for which a read store that did not answer is left alone. */
const PAUSE_MS = 2_000;

/** Questions to the read store that can go without an answer: nobody should wait for a store that they do not need. */
export class PatientReads {
  #pausedUntil = 0;

  constructor(private readonly log: Logger) {}

  /** The answer; null where the store does not give one in time. */
  async ask<T>(stream: string, question: () => Promise<T>): Promise<T | null> {
    if (performance.now() < this.#pausedUntil) return null;
    try {
      return await inTime(question(), PATIENCE_MS);
    } catch (error) {
      this.#pausedUntil = performance.now() + PAUSE_MS;
      this.log.warn(`Loading objects such as '${stream}' without snapshots: ${(error as Error).message}`);
      return null;
    }
  }
}
