import type { JsonObject } from '#kernel/json';
import { Id, Integer, JsonRecord, Nested, OneOf, Optional, Timestamp } from '#platform/commands/fields';
import type { ScheduleDocument } from '#read-models/schedules';
import { ScheduledAnswer, ScheduledCommand, ScheduledProblem } from './schedule.commands.js';
import type { Outcome } from './schedule.events.js';
import type { KnownSchedule } from './schedule.js';

export const STATES = ['open', 'completed', 'failed', 'cancelled'] as const;
export type ScheduleState = (typeof STATES)[number];

class ScheduledOutcome implements Outcome {
  /** The time that it was due at. */
  @Timestamp() dueAt: string;
  @Optional(Nested(ScheduledAnswer)) answer?: ScheduledAnswer;
  @Optional(Nested(ScheduledProblem)) problem?: ScheduledProblem;
}

/** A schedule as clients see it. */
export class ScheduleView {
  @Id() id: string;
  @OneOf(STATES, 'ScheduleState') state: ScheduleState;
  @Nested(ScheduledCommand) command: ScheduledCommand;
  @JsonRecord() time: JsonObject;
  @Optional(Integer()) attempts?: number;
  @Optional(Integer()) priority?: number;
  @Timestamp() requestedAt: string;

  /** Outcomes so far. */
  @Integer({ min: 0 }) outcomes: number;

  /** That of the latest time. */
  @Optional(Nested(ScheduledOutcome)) last?: ScheduledOutcome;
}

export function viewOf(id: string, { status, ...rest }: KnownSchedule): ScheduleView {
  const { command, time, attempts, priority, requestedAt, outcomes, last } = rest;
  const asked = { command, time: time as unknown as JsonObject, attempts, priority };
  return { id, state: status, ...asked, requestedAt, outcomes, last };
}

export function viewOfDocument(document: ScheduleDocument): ScheduleView {
  const { tenant: _tenant, scheduleId: id, state, last, attempts, priority, ...rest } = document;
  const time = rest.time;
  return {
    id,
    state,
    ...rest,
    time,
    attempts: attempts ?? undefined,
    priority: priority ?? undefined,
    last: last ?? undefined,
  };
}
