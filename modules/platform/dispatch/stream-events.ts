import type { Recorded } from '#kernel/event';
import type { EventStore } from '#platform/event-store/event-store.port';

/** Most events read at once. */
export const SLICE = 1_000;

/**
 * The stream's events after a revision, up to another, in order, a slice at a time. All events of one revision (an upcaster may
 * have made several of one) come in one slice; a revision may have none.
 */
export async function* slicesAfter(
  store: EventStore,
  stream: string,
  after: number,
  upTo = Infinity,
): AsyncGenerator<readonly Recorded[], void> {
  for (let from = after + 1; from <= upTo;) {
    const limit = Math.min(SLICE, upTo - from + 1);
    const { events, lastRevision } = await store.read(stream, { from, limit });
    const last = events.at(-1);
    if (!last) return;
    // Where events were dropped, the store reads on to find some.
    const wanted = last.revision <= upTo ? events : events.filter(({ revision }) => revision <= upTo);
    if (wanted.length > 0) yield wanted;
    if (last.revision >= lastRevision) return;
    from = last.revision + 1;
  }
}

/** Whether an event of this id stands at this revision, and how far the stream goes. */
export async function standsAt(store: EventStore, stream: string, revision: number, eventId: string) {
  const { events, lastRevision } = await store.read(stream, { from: revision, limit: 1 });
  return { stands: events.some((event) => event.revision === revision && event.id === eventId), lastRevision };
}
