import type { Clock } from '#kernel/clock';
import { comparePositions, type Position } from '#kernel/event';
import type { Projection } from '#kernel/projection';
import type { EventStore } from '#platform/event-store/event-store.port';
import { matters } from './projection-watch.js';

/** What a projection still has to do. */
export interface Backlog {
  /** Events that matter to it and are not in its read model yet; {@link MOST_COUNTED} stands for as many or more. */
  readonly lagEvents: number;
  /** Age of the oldest of them. */
  readonly lagSeconds: number;
}

/** Whoever is further behind than this needs no exact number, which would take as long as the work itself. */
export const MOST_COUNTED = 10_000;
const PAGE = 1_000;

/** What comes after this position. Rejects where the event store cannot tell. */
export async function backlogAfter(
  position: Position,
  projection: Projection<object>,
  events: EventStore,
  clock: Clock,
): Promise<Backlog> {
  let lagEvents = 0;
  let lagSeconds = 0;
  for (;;) {
    const slice = await events.readAll({ position, filter: projection.filter, limit: PAGE });
    const open = slice.events.filter((event) => matters(projection, event));
    if (lagEvents === 0 && open[0])
      lagSeconds = Math.max(0, clock.now().getTime() - Date.parse(open[0].recordedAt)) / 1_000;
    lagEvents += open.length;
    if (lagEvents >= MOST_COUNTED) return { lagEvents: MOST_COUNTED, lagSeconds };
    if (slice.end || comparePositions(slice.position, position) <= 0) return { lagEvents, lagSeconds };
    position = slice.position;
  }
}
