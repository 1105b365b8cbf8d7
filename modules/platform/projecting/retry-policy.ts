import { setTimeout } from 'node:timers/promises';

/** How often and how patiently failed work is done again. Tests hand in a delay that does not wait. */
export interface RetryPolicy {
  /** Times that an event is tried before its key is parked. */
  readonly attempts: number;
  /** Waits; rejects as soon as the signal fires. */
  delay(milliseconds: number, signal: AbortSignal): Promise<unknown>;
}

export const patient: RetryPolicy = {
  attempts: 3,
  delay: (milliseconds, signal) => setTimeout(milliseconds, undefined, { signal }),
};

/** Milliseconds to wait after so many failures in a row: 100, 200, 400, … 5 seconds at most, so that nobody waits long for what is back. */
export function backoff(failures: number): number {
  return Math.min(5_000, 100 * 2 ** (failures - 1));
}
