import type { JobRequest } from '#platform/jobs/jobs.port';
import { isRecurrence } from '#platform/jobs/schedule-times';
import type { ScheduleEvent } from './schedule.events.js';

/** What was asked for. */
export type Requested = Extract<ScheduleEvent, { type: 'schedule.requested' }>['data'];

export const QUEUE = 'schedules';
export const HANDLER = 'schedules.carry-out';

/** The schedule that a job stands for. */
export interface ScheduleRef {
  readonly tenant: string;
  readonly id: string;
}

/** The key of a schedule's job. */
export function jobKey({ tenant, id }: ScheduleRef): string {
  return `schedule:${tenant}:${id}`;
}

/**
 * The job that carries a schedule out: the same, whenever and from what it is made. `settled` is the latest time of a recurring one
 * whose outcome is known: where the job was lost, only what came after it is owed.
 */
export function jobOf(
  tenant: string,
  id: string,
  { time, attempts, priority }: Pick<Requested, 'time' | 'attempts' | 'priority'>,
  settled?: string,
): JobRequest {
  return {
    key: jobKey({ tenant, id }),
    handler: HANDLER,
    queue: QUEUE,
    payload: { tenant, id },
    time: settled !== undefined && isRecurrence(time) ? { ...time, since: settled } : time,
    ...(attempts !== undefined && { attempts }),
    ...(priority !== undefined && { priority }),
  };
}

export function isRecurring({ time }: Pick<Requested, 'time'>): boolean {
  return isRecurrence(time);
}

/** When this run of a schedule was due: an occurrence's job is called `<key>@<time>`. */
export function dueTimeOf(key: string, ref: ScheduleRef, { time }: Pick<Requested, 'time'>): string {
  return 'at' in time ? time.at : key.slice(jobKey(ref).length + 1);
}
