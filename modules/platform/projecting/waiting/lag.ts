import type { Clock } from '#kernel/clock';
import { comparePositions, type Position } from '#kernel/event';
import type { Projection } from '#kernel/projection';
import type { EventStore } from '#platform/event-store/event-store.port';

export interface Lag {
  /** Age of the oldest event after the position that matters to the projection, in seconds; 0 where there is none. */
  readonly seconds: number;
  /** Up to here nothing that matters comes after the position. */
  readonly position: Position;
}

/** How far a projection is behind that has come to this position. Rejects where the event store cannot tell. */
export async function lagAfter(
  position: Position,
  { filter }: Projection<object>,
  events: EventStore,
  clock: Clock,
): Promise<Lag> {
  for (;;) {
    const slice = await events.readAll({ position, filter, limit: 1 });
    const [oldest] = slice.events;
    if (oldest) {
      const seconds = Math.max(0, clock.now().getTime() - Date.parse(oldest.recordedAt)) / 1_000;
      return { seconds, position };
    }
    if (slice.end || comparePositions(slice.position, position) <= 0) return { seconds: 0, position: slice.position };
    position = slice.position;
  }
}
