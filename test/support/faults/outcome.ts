import { expect } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Deployment } from './deployment.js';
import type { Load } from './load.js';
import { eventsOf, folded, listed, overdue, wrongWith } from './proof.js';

/** So long what was scheduled may be late after a fault. */
const LATE_MS = 40_000;

/** Nothing that was acknowledged is lost, nothing was done twice, and all APIs list what the events say. */
export async function expectAllOnce(ended: Load, { engines, apis }: Deployment): Promise<void> {
  expect(ended.strange).toEqual([]);
  const { url } = engines['event store'];
  let events = await eventsOf(url, ended.noun);
  for (const deadline = performance.now() + LATE_MS; overdue(ended, events).length > 0;) {
    if (performance.now() > deadline) break;
    await sleep(200);
    events = await eventsOf(url, ended.noun);
  }
  expect(overdue(ended, events)).toEqual([]);
  expect(wrongWith(ended, events)).toEqual([]);
  for (const { api } of apis) expect(await listed(api.url, ended.noun, events.length)).toEqual(folded(events));
}
