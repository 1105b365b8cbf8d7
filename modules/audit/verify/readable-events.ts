import { START, type Recorded } from '#kernel/event';
import { StoreUnavailable } from '#platform/event-store/event-store.errors';
import type { AllSlice, EventStore } from '#platform/event-store/event-store.port';

/** Events that are read at once. */
const PAGE = 2_000;

/**
 * The leaves of the tree, in pages, up to the end of the store or to where it cannot be read any more: then in ever smaller pages, so
 * that the last event before the damage is known, and ends with what the store says. Rejects where the store cannot answer now.
 */
export async function* readableEvents(
  store: EventStore,
): AsyncGenerator<{ events: readonly Recorded[]; damage?: string }> {
  let limit = PAGE;
  for (let position = START, end = false; !end;) {
    let slice: AllSlice;
    try {
      slice = await store.readAll({ position, hidden: true, limit });
    } catch (error) {
      const damage = unreadable(error);
      if (limit === 1) {
        yield { events: [], damage };
        return;
      }
      limit = Math.max(1, Math.floor(limit / 8));
      continue;
    }
    yield { events: slice.events };
    ({ position, end } = slice);
  }
}

/** What the store says of its damage. Throws the error where it speaks of a server that does not answer, or of a closed store. */
export function unreadable(error: unknown): string {
  const { message, cause } = error as Error;
  const isOfSqlite = (cause as { errcode?: number } | undefined)?.errcode !== undefined;
  if (error instanceof StoreUnavailable && !isOfSqlite) throw error;
  return message;
}
