import type { Recorded } from '#kernel/event';
import { projection } from '#kernel/projection';
import type { Outcome, ScheduleEvent } from '#modules/schedules/schedule.events';
import { type ScheduleDocument, schedules, SCHEDULES_VERSION } from '#read-models/schedules';

type Requested = Extract<ScheduleEvent, { type: 'schedule.requested' }>;

export const schedulesProjection = projection<ScheduleDocument, ScheduleEvent>({
  name: schedules.name,
  version: SCHEDULES_VERSION,
  readModel: schedules,
  filter: {
    types: ['schedule.requested', 'schedule.fired', 'schedule.completed', 'schedule.failed', 'schedule.cancelled'],
  },
  key: ({ stream, metadata }) => (stream.startsWith(`${metadata.tenant}.schedule-`) ? stream : null),
  evolve(document, event) {
    if (event.type === 'schedule.requested') return begin(event);
    if (!document) return null;
    switch (event.type) {
      case 'schedule.fired':
        return after(document, event.data);
      case 'schedule.completed':
        return { ...after(document, event.data), state: 'completed' };
      case 'schedule.failed':
        return { ...after(document, event.data), state: 'failed' };
      case 'schedule.cancelled':
        return { ...document, state: 'cancelled' };
    }
  },
});

function begin({ stream, data, metadata }: Recorded<Requested>): ScheduleDocument {
  const { tenant, occurredAt } = metadata;
  const { command, time, attempts, priority } = data;
  return {
    tenant,
    scheduleId: stream.slice(stream.indexOf('-') + 1),
    state: 'open',
    command,
    time: time,
    attempts: attempts ?? null,
    priority: priority ?? null,
    requestedAt: occurredAt,
    outcomes: 0,
    last: null,
  };
}

/** Occurrences run side by side: an earlier one may end later. */
function after(document: ScheduleDocument, outcome: Outcome): ScheduleDocument {
  const isLatest = !document.last || outcome.dueAt >= document.last.dueAt;
  return { ...document, outcomes: document.outcomes + 1, last: isLatest ? outcome : document.last };
}
