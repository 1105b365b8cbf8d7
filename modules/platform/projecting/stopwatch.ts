import { setTimeout } from 'node:timers/promises';

/** Time that only goes forward, whatever is done to the machine's clock. Tests hand in their own. */
export interface Stopwatch {
  /** Milliseconds since some moment. */
  now(): number;
  /** Resolves after so many milliseconds, or as soon as the signal fires. */
  wait(milliseconds: number, signal: AbortSignal): Promise<void>;
}

export const systemStopwatch: Stopwatch = {
  now: () => performance.now(),
  wait: (milliseconds, signal) => setTimeout(milliseconds, undefined, { signal }).catch(() => {}), // ended by the signal
};
