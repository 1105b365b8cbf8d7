import type { Recorded } from '#kernel/event';
import { projection } from '#kernel/projection';
import { auditDays, type AuditDayDocument } from '#read-models/audit-days';
import { factsOf, type AuditFacts } from './audit.projection.js';

const DAY = 86_400_000;

let lastDay = { day: 0, text: '1970-01-01' };

/** Formatting a time costs more than the rest of the key, and events of one day come together. */
function dayOf(time: number): string {
  const day = Math.floor(time / DAY);
  if (day !== lastDay.day) lastDay = { day, text: new Date(time).toISOString().slice(0, 10) };
  return lastDay.text;
}

/** Counts by day, actor, type, object type and refusal: a report over years reads these instead of every event. */
export const auditDaysProjection = projection<AuditDayDocument, Recorded>({
  name: 'audit-days',
  version: 1,
  readModel: auditDays,
  key(event) {
    const { tenant, recordedAt, actorType, actor, type, objectType, refused } = factsOf(event);
    return JSON.stringify([tenant, dayOf(recordedAt), actorType, actor, type, objectType, refused]);
  },
  evolve(document, event) {
    const facts = factsOf(event);
    const moment = { position: event.position, at: facts.recordedAt };
    const at = facts.recordedAt;
    if (!document) return { ...groupOf(facts), count: 1, first: moment, last: moment, earliest: at, latest: at };
    const [earliest, latest] = [Math.min(document.earliest, at), Math.max(document.latest, at)];
    return { ...document, count: document.count + 1, last: moment, earliest, latest };
  },
});

function groupOf({ tenant, recordedAt, actorType, actor, type, objectType, refused }: AuditFacts) {
  return { tenant, day: dayOf(recordedAt), actorType, actor, type, objectType, refused };
}
