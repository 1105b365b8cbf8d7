import type { DomainEvent, EventMetadata, Recorded } from './event.js';
import type { EventFilter, Projection } from './projection.js';

/** An event of a specification: type and data, and whatever else matters to the projection. */
export type GivenEvent<Event extends DomainEvent> = Event &
  Partial<Omit<Recorded, 'type' | 'data' | 'metadata' | 'position'>> & { readonly metadata?: Partial<EventMetadata> };

/**
 * What a projection makes of some events: its documents by key, without a store or a test runner. Documents are frozen between
 * events, so that an `evolve` that changes one in place throws.
 *
 * @example
 * const after = projected(openTasks);
 * expect(after(created, completed)).toEqual({});
 * expect(after({ ...created, stream: 'main.task-a' })).toEqual({ a: { title: 'Mow' } });
 */
export function projected<Document extends object, Event extends DomainEvent>(projection: Projection<Document, Event>) {
  return (...history: GivenEvent<Event>[]): Record<string, Document> => {
    const documents: Record<string, Document> = {};
    const revisions = new Map<string, number>();
    history.forEach((given, index) => {
      const event = recorded(given, index, revisions);
      if (!passes(projection.filter, event)) return;
      const key = projection.key(event);
      if (key === null) return;
      const document = projection.evolve(documents[key] ?? null, event);
      if (document === null) delete documents[key];
      else documents[key] = freeze(document);
    });
    return documents;
  };
}

function recorded<Event extends DomainEvent>(
  given: GivenEvent<Event>,
  index: number,
  revisions: Map<string, number>,
): Recorded<Event> {
  const stream = given.stream ?? 'main.object-1';
  const revision = given.revision ?? (revisions.get(stream) ?? -1) + 1;
  revisions.set(stream, revision);
  const recordedAt = given.recordedAt ?? '2026-01-01T00:00:00.000Z';
  const metadata: EventMetadata = {
    tenant: stream.slice(0, stream.indexOf('.')),
    actor: { type: 'user', id: 'spec' },
    commandId: 'command-1',
    correlationId: 'command-1',
    causationId: 'command-1',
    schemaVersion: 1,
    occurredAt: recordedAt,
    ...given.metadata,
  };
  return { id: `event-${index + 1}`, ...given, stream, revision, recordedAt, metadata, position: String(index + 1) };
}

function passes(filter: EventFilter | undefined, { stream, type }: Recorded): boolean {
  const streamPasses = filter?.streamPrefixes?.some((prefix) => stream.startsWith(prefix)) ?? true;
  return streamPasses && (filter?.types?.includes(type) ?? true);
}

function freeze<T>(value: T): T {
  if (value !== null && typeof value === 'object' && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(freeze);
  }
  return value;
}
