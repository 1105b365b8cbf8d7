import type { Violation } from '#kernel/errors';
import type { EventOf } from '#kernel/event';
import type { JsonObject } from '#kernel/json';
import type { JobTime } from '#platform/jobs/jobs.port';

/** A command by its name, as it will be sent. */
export interface Assignment {
  readonly command: string;
  readonly fields: JsonObject;
  readonly reason?: string;
}

/** What became of the command at one of its times: an answer or a problem. */
export interface Outcome {
  /** The time that it was due at. */
  readonly dueAt: string;
  /** Where the command's object stood then. */
  readonly answer?: { readonly id: string; readonly revision: number; readonly position: string };
  /** Why the command was given up. */
  readonly problem?: { readonly code: string; readonly detail: string; readonly errors?: readonly Violation[] };
}

export type ScheduleEvent =
  | EventOf<
      'schedule.requested',
      {
        readonly command: Assignment;
        /** Counts from the request on, whenever it is read: never `after`, and what recurs has a `since`. */
        readonly time: Exclude<JobTime, { after: number }>;
        readonly attempts?: number;
        readonly priority?: number;
      }
    >
  /** One occurrence of a recurring schedule. */
  | EventOf<'schedule.fired', Outcome>
  | EventOf<'schedule.completed', Outcome>
  | EventOf<'schedule.failed', Outcome>
  | EventOf<'schedule.cancelled', object>;
