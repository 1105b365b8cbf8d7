import { type Recorded, START } from '#kernel/event';
import { projection, type Projection } from '#kernel/projection';
import type { EventStore } from '#platform/event-store/event-store.port';

/** The simplest projection that there is. */
export const counts = projection<{ count: number }, Recorded>({
  name: 'counts',
  version: 1,
  readModel: { name: 'counts', indexes: [] },
  key: ({ stream }) => stream,
  evolve: (document) => ({ count: (document?.count ?? 0) + 1 }),
});

export async function allEvents(store: EventStore): Promise<Recorded[]> {
  const events: Recorded[] = [];
  for (let end = false, position = START; !end;) {
    const slice = await store.readAll({ position });
    events.push(...slice.events);
    ({ end, position } = slice);
  }
  return events;
}

/** What a projection makes of events that are in memory: the least that any way of projecting them costs. */
export function fold(projected: Projection<object>, events: readonly Recorded[]): void {
  const documents = new Map<string, object | null>();
  for (const event of events) {
    const key = projected.key(event);
    if (key !== null) documents.set(key, projected.evolve(documents.get(key) ?? null, event));
  }
}
