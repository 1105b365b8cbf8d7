import { setTimeout as sleep } from 'node:timers/promises';
import type { Jobs, JobState } from '#platform/jobs/jobs.port';
import type { JobsSettings } from '#platform/jobs/jobs-settings';

/** Where jobs are stored. */
export interface JobsPlace {
  /** For a process of its own; undefined where the place is in memory. */
  readonly url?: string;
  open(settings?: JobsSettings): Promise<Jobs>;
}

/** A new, empty place. */
export type NewPlace = () => JobsPlace;

/** Waits as long as it takes; the test's own timeout is the only bound. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(5);
}

export function untilState(jobs: Jobs, key: string, state: JobState): Promise<void> {
  return until(async () => (await jobs.get(key))?.state === state);
}

/** What a handler waits for until the test says so. */
export function gate(): { readonly opened: Promise<void>; open(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve };
}

/** Retries without delay. */
export const AT_ONCE = { initial: 0 } as const;
