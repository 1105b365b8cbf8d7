import { Injectable } from '@nestjs/common';
import { inTime } from '../in-time.js';

/** Longest time a part may take to say that it is there. */
export const PATIENCE_MS = 2_000;

export interface PartStatus {
  readonly name: string;
  readonly ready: boolean;
  /** What is wrong, where it is not ready. */
  readonly error?: string;
  /** There where the process is of use without it: then it is degraded, not away. */
  readonly dispensable?: true;
}

/** Whether this process should be sent requests. Parts that it cannot do without add themselves. */
@Injectable()
export class Readiness {
  readonly #parts = new Map<string, () => Promise<PartStatus>>();
  #draining = false;

  /** Adds a part: it is there as long as the probe does not reject. */
  add(name: string, probe: () => Promise<unknown>): void {
    this.#parts.set(name, () => status(name, probe));
  }

  /** Adds a part that the process can do without: where its probe rejects, `/ready` says `degraded`. */
  addDispensable(name: string, probe: () => Promise<unknown>): void {
    this.#parts.set(name, async () => ({ ...(await status(name, probe)), dispensable: true }));
  }

  /** From now on no: the process is about to end. */
  drain(): void {
    this.#draining = true;
  }

  get draining(): boolean {
    return this.#draining;
  }

  /** Asks every part. */
  check(): Promise<PartStatus[]> {
    return Promise.all([...this.#parts.values()].map((check) => check()));
  }
}

async function status(name: string, probe: () => Promise<unknown>): Promise<PartStatus> {
  try {
    await inTime(probe(), PATIENCE_MS);
    return { name, ready: true };
  } catch (error) {
    return { name, ready: false, error: (error as Error).message };
  }
}
