import { describe, expect, it } from '@jest/globals';
import { InvalidInput } from '#kernel/errors';
import { specification } from '#kernel/specification';
import { CancelSchedule, RecordOutcome, RequestSchedule, type ScheduleTime } from './schedule.commands.js';
import { OutcomeNotYours, ScheduleCompleted, ScheduleExists, ScheduleNotFound } from './schedule.errors.js';
import type { Outcome, ScheduleEvent } from './schedule.events.js';
import { schedule } from './schedule.js';

const now = new Date('2026-03-01T12:00:00.000Z');
const byClient = specification(schedule, { now, object: { type: 'schedule', id: 's' } });
const byPerdure = specification(schedule, { now, actor: { type: 'system', id: 'schedules' } });

const command = { command: 'CreateThing', fields: { noun: 'Note', data: {} } };
const asked = (time: ScheduleTime, more = {}) => RequestSchedule.of({ id: 's', command, time, ...more });
const requested = (time: (ScheduleEvent & { type: 'schedule.requested' })['data']['time']): ScheduleEvent => ({
  type: 'schedule.requested',
  data: { command, time },
});
const dueAt = now.toISOString();
const once = requested({ at: dueAt });
const hourly = requested({ cron: '0 * * * *', since: dueAt });
const done: Outcome = { dueAt, answer: { id: 'n', revision: 0, position: '7' } };
const refused: Outcome = { dueAt, problem: { code: 'thing-exists', detail: 'It exists.' } };
const outcome = (data: Outcome) => RecordOutcome.of({ id: 's', ...data });

describe('a schedule', () => {
  it.each<[ScheduleTime, Parameters<typeof requested>[0]]>([
    [{ at: '2026-04-01T00:00:00+02:00' }, { at: '2026-03-31T22:00:00.000Z' }],
    [{ after: 1_500 }, { at: '2026-03-01T12:00:01.500Z' }],
    [{ every: 60_000 }, { every: 60_000, from: dueAt, since: dueAt }],
    [
      { every: 60_000, from: '2026-01-01T00:00:00Z' },
      { every: 60_000, from: '2026-01-01T00:00:00.000Z', since: dueAt },
    ],
    [
      { cron: '30 2 * * *', timeZone: 'Europe/Berlin' },
      { cron: '30 2 * * *', timeZone: 'Europe/Berlin', since: dueAt },
    ],
  ])('asked for with %j is the same whenever its event is read', (given, expected) => {
    byClient().when(asked(given)).then(requested(expected));
  });

  it.each<[string, ScheduleTime]>([
    ['/time', {}],
    ['/time', { at: dueAt, after: 1 }],
    ['/time/from', { at: dueAt, from: dueAt }],
    ['/time/timeZone', { every: 1_000, timeZone: 'UTC' }],
    ['/time/cron', { cron: 'every day' }],
    ['/time/cron', { cron: '0 0 30 2 *' }],
    ['/time/cron', { cron: '0 0 * * *', timeZone: 'Mars/Olympus' }],
  ])('is refused with a pointer to %s', (pointer, time) => {
    byClient().when(asked(time)).thenFails(InvalidInput);
    try {
      byClient().when(asked(time)).thenNothing();
    } catch (error) {
      expect((error as InvalidInput).violations).toMatchObject([{ pointer }]);
    }
  });

  it('keeps its id for ever', () => {
    byClient(once)
      .when(asked({ after: 0 }))
      .thenFails(ScheduleExists);
    byClient(once, { type: 'schedule.cancelled', data: {} })
      .when(asked({ after: 0 }))
      .thenFails(ScheduleExists);
  });

  it('is cancelled once, and not when it is done', () => {
    const cancel = CancelSchedule.of({ id: 's' });
    byClient(once).when(cancel).then({ type: 'schedule.cancelled', data: {} });
    byClient(once, { type: 'schedule.failed', data: refused })
      .when(cancel)
      .then({ type: 'schedule.cancelled', data: {} });
    byClient(once, { type: 'schedule.cancelled', data: {} }).when(cancel).thenNothing();
    byClient(once, { type: 'schedule.completed', data: done }).when(cancel).thenFails(ScheduleCompleted);
    byClient().when(cancel).thenFails(ScheduleNotFound);
  });

  it('that is due once is completed, or failed and completed after all', () => {
    const failed: ScheduleEvent = { type: 'schedule.failed', data: refused };
    const completed: ScheduleEvent = { type: 'schedule.completed', data: done };
    byPerdure(once).when(outcome(done)).then(completed);
    byPerdure(once).when(outcome(refused)).then(failed);
    byPerdure(once, failed).when(outcome(refused)).thenNothing();
    byPerdure(once, failed).when(outcome(done)).then(completed);
    byPerdure(once, completed).when(outcome(done)).thenNothing();
    byPerdure(once, { type: 'schedule.cancelled', data: {} }).when(outcome(done)).thenNothing();
  });

  it('that recurs stays open, and knows the outcome of its latest time', () => {
    const fired = (data: Outcome): ScheduleEvent => ({ type: 'schedule.fired', data });
    const earlier = { ...refused, dueAt: '2026-03-01T11:00:00.000Z' };
    byPerdure(hourly).when(outcome(done)).then(fired(done));
    byPerdure(hourly, fired(done)).when(outcome(done)).thenNothing();
    byPerdure(hourly, fired(done)).when(outcome(earlier)).then(fired(earlier));
    expect(byPerdure(hourly, fired(done), fired(earlier)).state).toMatchObject({
      status: 'open',
      outcomes: 2,
      last: done,
    });
  });

  it('takes no outcome from a client', () => {
    byClient(once).when(outcome(done)).thenFails(OutcomeNotYours);
  });
});
