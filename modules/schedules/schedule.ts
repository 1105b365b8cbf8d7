import { InvalidInput } from '#kernel/errors';
import type { Actor, Attributed } from '#kernel/event';
import { eventIdOf } from '#kernel/ids';
import { type Context, objectType } from '#kernel/object-type';
import { contentOf } from '#platform/jobs/job-request';
import { CancelSchedule, RecordOutcome, RequestSchedule, type ScheduleTime } from './schedule.commands.js';
import { OutcomeNotYours, ScheduleCompleted, ScheduleExists, ScheduleNotFound } from './schedule.errors.js';
import type { Outcome, ScheduleEvent } from './schedule.events.js';
import { isRecurring, jobOf, type Requested } from './scheduled-job.js';

/** Because of whom and what the command will be sent. */
export interface Origin {
  readonly actor: Actor;
  readonly correlationId: string;
  /** Of the event that asked for it. */
  readonly eventId: string;
  readonly reason?: string;
}

export interface KnownSchedule extends Requested {
  /** `failed`: given up; its job can still be retried by hand. What recurs is open until it is cancelled. */
  readonly status: 'open' | 'completed' | 'failed' | 'cancelled';
  readonly origin: Origin;
  readonly requestedAt: string;
  /** Outcomes so far. */
  readonly outcomes: number;
  /** That of the latest time. */
  readonly last?: Outcome;
}

/** A command that will be carried out later, once or again and again. */
export type Schedule = { readonly status: 'absent' } | KnownSchedule;

function evolve(schedule: Schedule, event: Attributed<ScheduleEvent>): Schedule {
  if (event.type === 'schedule.requested') {
    const { actor, correlationId, reason, commandId, occurredAt } = event.metadata;
    const origin = { actor, correlationId, reason, eventId: eventIdOf(commandId, 0) };
    return { status: 'open', ...event.data, origin, requestedAt: occurredAt, outcomes: 0 };
  }
  if (schedule.status === 'absent') return schedule;
  switch (event.type) {
    case 'schedule.fired':
      return after(schedule, event.data);
    case 'schedule.completed':
      return { ...after(schedule, event.data), status: 'completed' };
    case 'schedule.failed':
      return { ...after(schedule, event.data), status: 'failed' };
    case 'schedule.cancelled':
      return { ...schedule, status: 'cancelled' };
  }
}

/** Occurrences run side by side: an earlier one may end later. */
function after(schedule: KnownSchedule, outcome: Outcome): KnownSchedule {
  const isLatest = !schedule.last || outcome.dueAt >= schedule.last.dueAt;
  return { ...schedule, outcomes: schedule.outcomes + 1, last: isLatest ? outcome : schedule.last };
}

export function request(schedule: Schedule, asked: RequestSchedule, { now, tenant, object }: Context): ScheduleEvent[] {
  if (schedule.status !== 'absent') throw new ScheduleExists(object.id);
  const { command, attempts, priority } = asked;
  const data = { command, time: fromNowOn(asked.time, now), attempts, priority };
  // What the jobs would refuse later is refused now.
  contentOf(jobOf(tenant, object.id, data), now.getTime());
  return [{ type: 'schedule.requested', data }];
}

export function cancel(schedule: Schedule, { id }: CancelSchedule): ScheduleEvent[] {
  if (schedule.status === 'absent') throw new ScheduleNotFound(id);
  if (schedule.status === 'completed') throw new ScheduleCompleted(id);
  return schedule.status === 'cancelled' ? [] : [{ type: 'schedule.cancelled', data: {} }];
}

export function record(
  schedule: Schedule,
  { dueAt, answer, problem }: RecordOutcome,
  { actor }: Context,
): ScheduleEvent[] {
  if (actor.type !== 'system') throw new OutcomeNotYours();
  if (schedule.status !== 'open' && schedule.status !== 'failed') return [];
  const data: Outcome = { dueAt, ...(answer && { answer }), ...(problem && { problem }) };
  if (JSON.stringify(schedule.last) === JSON.stringify(data)) return [];
  if (isRecurring(schedule)) return [{ type: 'schedule.fired', data }];
  return [{ type: answer ? 'schedule.completed' : 'schedule.failed', data }];
}

const KINDS = ['at', 'after', 'every', 'cron'] as const;
const BELONGS = { from: 'every', timeZone: 'cron' } as const;

/** The same time, whenever it is read. Throws InvalidInput. */
function fromNowOn(time: ScheduleTime, now: Date): Requested['time'] {
  const { at, after: delay, every, from, cron, timeZone } = time;
  if (KINDS.filter((kind) => time[kind] !== undefined).length !== 1) {
    throw new InvalidInput([{ pointer: '/time', detail: `Must have just one of ${KINDS.join(', ')}.` }]);
  }
  for (const [field, kind] of Object.entries(BELONGS) as [keyof typeof BELONGS, keyof ScheduleTime][]) {
    if (time[field] === undefined || time[kind] !== undefined) continue;
    throw new InvalidInput([{ pointer: `/time/${field}`, detail: `Belongs to ${kind}. Leave it out.` }]);
  }
  const since = now.toISOString();
  if (at !== undefined) return { at: new Date(at).toISOString() };
  if (delay !== undefined) return { at: new Date(now.getTime() + delay).toISOString() };
  if (every !== undefined) return { every, from: from === undefined ? since : new Date(from).toISOString(), since };
  return { cron: cron!, ...(timeZone !== undefined && { timeZone }), since };
}

export const schedule = objectType<Schedule, ScheduleEvent>('schedule', { status: 'absent' }, evolve)
  .addressedBy(({ id }: RequestSchedule | CancelSchedule | RecordOutcome) => ({ type: 'schedule', id }))
  .on(RequestSchedule, request)
  .on(CancelSchedule, cancel)
  .on(RecordOutcome, record);
