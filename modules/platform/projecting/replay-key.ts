import { comparePositions, type Position } from '#kernel/event';
import type { Projection } from '#kernel/projection';
import type { EventStore } from '../event-store/event-store.port.js';
import type { ReadStore, Write } from '../read-store/read-store.port.js';
import { groupByKey } from './key-fold.js';
import { parkedEvents, parkedKeyId, type ParkedKey } from './parked-events.js';

/** Events read at a time. */
const PAGE = 2_000;

/**
 * What makes a parked key whole again: its document with all its events up to a position, and the end of its parking. Undefined
 * where the key is not parked; rejects with the projection's error where it still throws.
 */
export async function replayKey(
  projection: Projection<object>,
  key: string,
  until: Position,
  events: EventStore,
  documents: ReadStore,
): Promise<Write[] | undefined> {
  const parkedId = parkedKeyId(projection, key);
  const parked = await documents.get<ParkedKey>(parkedEvents.name, parkedId);
  if (!parked) return undefined;

  const collection = projection.readModel.name;
  const found = (await documents.projected<object>(collection, [key])).get(key);
  let document = found?.document ?? null;
  // In a store without transactions the document may be whole already, from a replay that did not come to its end.
  let position = found && comparePositions(found.position, parked.after) > 0 ? found.position : parked.after;
  while (comparePositions(position, until) < 0) {
    const slice = await events.readAll({ position, filter: projection.filter, limit: PAGE });
    const seen = slice.events.filter((event) => comparePositions(event.position, until) <= 0);
    for (const event of groupByKey(projection, seen).groups.get(key) ?? []) {
      document = projection.evolve(document, event);
    }
    if (slice.end) break;
    position = slice.position;
  }
  return [
    { collection, id: key, document, position: until },
    { collection: parkedEvents.name, id: parkedId, document: null, position: until },
  ];
}
