import type { ReadStore } from '#platform/read-store/read-store.port';
import { audit, type AuditDocument } from './audit.js';

/** An event with what leads from it to its cause. Times are ISO 8601. */
export interface CorrelatedEvent {
  readonly id: string;
  readonly type: string;
  readonly object: { readonly type: string; readonly id: string };
  readonly revision: number;
  readonly position: string;
  readonly actor: { readonly type: string; readonly id: string };
  readonly reason?: string;
  readonly commandId: string;
  readonly correlationId: string;
  readonly causationId: string;
  readonly occurredAt: string;
  readonly recordedAt: string;
}

const FIELDS = (
  'eventId type objectType objectId revision position actorType actor reason commandId correlationId causationId ' +
  'occurredAt recordedAt'
).split(' ');

/**
 * The first events of a correlation, at most so many, in the order in which they were recorded. The audit's read model has every event
 * with an index over its correlation: a second one would be written for each event and say no more.
 */
export async function findCorrelated(
  store: ReadStore,
  tenant: string,
  correlationId: string,
  limit: number,
): Promise<CorrelatedEvent[]> {
  const events: CorrelatedEvent[] = [];
  let cursor: string | undefined;
  do {
    const page = await store.query<AuditDocument>(audit.name, {
      filter: { tenant, correlationId },
      sort: { recordedAt: 1 },
      fields: FIELDS,
      limit: Math.min(1_000, limit - events.length),
      cursor,
    });
    for (const { document } of page.items) events.push(correlated(document));
    cursor = page.next;
  } while (cursor !== undefined && events.length < limit);
  return events;
}

function correlated(document: AuditDocument): CorrelatedEvent {
  const { eventId: id, type, objectType, objectId, revision, position, actorType, actor, reason } = document;
  return {
    ...{ id, type, revision, position },
    object: { type: objectType, id: objectId ?? '' },
    actor: { type: actorType, id: actor },
    ...(reason !== null && { reason }),
    commandId: document.commandId ?? id,
    correlationId: document.correlationId ?? id,
    causationId: document.causationId ?? id,
    occurredAt: new Date(document.occurredAt).toISOString(),
    recordedAt: new Date(document.recordedAt).toISOString(),
  };
}
