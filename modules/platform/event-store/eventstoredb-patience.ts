import { setTimeout as sleep } from 'node:timers/promises';

const FIRST_MS = 25;
const LONGEST_MS = 2_000;

/** Waits longer after each failure, with jitter, so that many processes do not return to a server in the same instant. */
export async function backOff(failures: number, signal?: AbortSignal): Promise<void> {
  const longest = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures, 10));
  await sleep(longest * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => undefined);
}
