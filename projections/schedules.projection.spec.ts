import { describe, expect, it } from '@jest/globals';
import { projected } from '#kernel/projection-specification';
import { schedulesProjection } from './schedules.projection.js';

const stream = 'main.schedule-a-1';
const command = { command: 'CreateThing', fields: { noun: 'Note', data: {} } };
const time = { every: 1_000, from: '2026-01-01T00:00:00.000Z', since: '2026-01-01T00:00:00.000Z' };
const requested = { type: 'schedule.requested', data: { command, time, attempts: 3 }, stream } as const;
const answer = { id: 'n', revision: 0, position: '7' };
const problem = { code: 'thing-exists', detail: 'It exists.' };
const due = (second: number) => ({ dueAt: `2026-01-01T00:00:0${second}.000Z`, answer });

describe('the schedules read model', () => {
  const documents = projected(schedulesProjection);

  it('shows what was asked for', () => {
    expect(documents(requested)[stream]).toEqual({
      ...{ tenant: 'main', scheduleId: 'a-1', state: 'open', command, time },
      ...{ attempts: 3, priority: null, requestedAt: '2026-01-01T00:00:00.000Z', outcomes: 0, last: null },
    });
  });
  it('counts outcomes and shows that of the latest time, whichever came last', () => {
    const fired = (second: number) => ({ type: 'schedule.fired', data: due(second), stream }) as const;
    const shown = documents(requested, fired(1), fired(3), fired(2))[stream];
    expect(shown).toMatchObject({ state: 'open', outcomes: 3, last: due(3) });
  });
  it('follows it to its end', () => {
    const failed = { type: 'schedule.failed', data: { dueAt: due(1).dueAt, problem }, stream } as const;
    const completed = { type: 'schedule.completed', data: due(1), stream } as const;
    const cancelled = { type: 'schedule.cancelled', data: {}, stream } as const;
    expect(documents(requested, failed)[stream]).toMatchObject({ state: 'failed', last: { problem } });
    expect(documents(requested, failed, completed)[stream]).toMatchObject({ state: 'completed', last: due(1) });
    expect(documents(requested, cancelled)[stream]).toMatchObject({ state: 'cancelled', outcomes: 0 });
  });
  it('leaves the events of things of that name aside', () => {
    expect(documents({ ...requested, stream: 'main.Schedule-a-1' })).toEqual({});
  });
});
