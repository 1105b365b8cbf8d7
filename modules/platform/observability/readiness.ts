import { Injectable } from '@nestjs/common';

/** Longest time a part may take to say that it is there. */
const PATIENCE_MS = 2_000;

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
    await inTime(probe());
    return { name, ready: true };
  } catch (error) {
    return { name, ready: false, error: (error as Error).message };
  }
}

/** The answer, where it comes in time; rejects where it does not. An engine that hangs must not hang who asks after it. */
export async function inTime<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const impatience = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`No answer within ${PATIENCE_MS} ms.`)), PATIENCE_MS);
  });
  try {
    return await Promise.race([answer, impatience]);
  } finally {
    clearTimeout(timer);
  }
}
