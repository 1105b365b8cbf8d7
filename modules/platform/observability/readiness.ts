import { Injectable } from '@nestjs/common';
import { inTime } from '../in-time.js';

/** Longest time a part may take to say that it is there. */
export const PATIENCE_MS = 2_000;

export interface PartStatus {
  readonly name: string;
  readonly ready: boolean;
  /** What is wrong, where it is not ready. */
  readonly error?: string;
}

/** Whether this process should be sent requests. Parts that it cannot do without add themselves. */
@Injectable()
export class Readiness {
  readonly #parts = new Map<string, () => Promise<unknown>>();
  #draining = false;

  /** Adds a part: it is there as long as the probe does not reject. */
  add(name: string, probe: () => Promise<unknown>): void {
    this.#parts.set(name, probe);
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
    return Promise.all([...this.#parts].map(([name, probe]) => status(name, probe)));
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
