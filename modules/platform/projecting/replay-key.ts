import { comparePositions, START, type Position, type Recorded } from '#kernel/event';
import type { Projection } from '#kernel/projection';
import type { EventStore } from '../event-store/event-store.port.js';
import type { ReadStore, Write } from '../read-store/read-store.port.js';
import { foldKey, groupByKey, type Failure } from './key-fold.js';
import { park, parkBehind, parkedEvents, parkedKeyId, type ParkedKey } from './parked-events.js';

/** Events read at a time. */
const PAGE = 2_000;

/** What a replay of parked work comes to. */
export interface Replay {
  /** To be written together, with the checkpoint. */
  readonly writes: readonly Write[];
  /** The failure that the key is still, or anew, parked for. */
  readonly error?: unknown;
}

/** A key's document up to a place. */
interface Standing {
  readonly document: object | null;
  readonly position: Position;
}

/**
 * Tries parked work again: what makes its document whole, with all events up to `until`, and ends its parking. Where an event still
 * fails, the document goes as far as that, and the record says what failed now. Undefined where nothing is parked under this id.
 */
export async function replayParked(
  projection: Projection<object>,
  id: string,
  until: Position,
  events: EventStore,
  documents: ReadStore,
  now: Date,
): Promise<Replay | undefined> {
  const parked = await documents.get<ParkedKey>(parkedEvents.name, id);
  if (!parked) return undefined;
  const work = new ReplayedKey(projection, until, events, now);
  if (parked.key === null) return replayEvent(work, projection, id, parked, events);

  const collection = projection.readModel.name;
  const found = (await documents.projected<object>(collection, [parked.key])).get(parked.key);
  // In a store without transactions the document may be whole already, from a replay that did not come to its end.
  const isAhead = found !== undefined && comparePositions(found.position, parked.after) > 0;
  const position = isAhead ? found.position : parked.after;
  return work.replay(parked.key, { document: found?.document ?? null, position }, parked);
}

/**
 * An event whose key could not be told: later events of that key went by. So the whole document is folded anew, which reads all events
 * that the projection does, and holds it up as long.
 */
async function replayEvent(
  work: ReplayedKey,
  projection: Projection<object>,
  id: string,
  parked: ParkedKey,
  events: EventStore,
): Promise<Replay> {
  const unpark = work.unpark(id);
  const { events: found } = await events.readAll({ position: parked.after, filter: projection.filter, limit: PAGE });
  const event = found.find((each) => each.id === parked.event.id);
  if (!event) return { writes: [unpark] }; // hidden or deleted meanwhile
  let key: string | null;
  try {
    key = projection.key(event);
  } catch (error) {
    return work.stillFails(id, parked, { event, error, attempts: parked.attempts + 1 });
  }
  if (key === null) return { writes: [unpark] };
  const replay = await work.replay(key, { document: null, position: START });
  return { ...replay, writes: [...replay.writes, unpark] };
}

/** Folds one key's events, up to the place that the projection has come to. */
class ReplayedKey {
  constructor(
    private readonly projection: Projection<object>,
    private readonly until: Position,
    private readonly events: EventStore,
    private readonly now: Date,
  ) {}

  async replay(key: string, from: Standing, before?: ParkedKey): Promise<Replay> {
    const { projection, until, now } = this;
    const collection = projection.readModel.name;
    const id = parkedKeyId(projection, key);
    let { document, position } = from;
    let [folded, error, record] = [position, undefined as unknown, undefined as ParkedKey | undefined];
    for await (const { group, places } of this.#pages(key, position)) {
      if (record) {
        record = parkBehind(record, group);
        continue;
      }
      const { document: after, failure } = foldKey(projection, document, group);
      document = after;
      const at = failure ? group.findIndex((event) => event === failure.event) : group.length;
      folded = group[at - 1]?.position ?? folded;
      if (!failure) continue;
      if (before && failure.event.id === before.event.id) return this.stillFails(id, before, failure);
      error = failure.error;
      record = parkBehind(park(projection, key, failure, places(failure), now), group.slice(at + 1));
    }
    position = record ? folded : until;
    return {
      writes: [
        { collection, id: key, document, position },
        record ? { collection: parkedEvents.name, id, document: record, position: until } : this.unpark(id),
      ],
      ...(record && { error }),
    };
  }

  unpark(id: string): Write {
    return { collection: parkedEvents.name, id, document: null, position: this.until };
  }

  /** At the same event as before: what waits behind it goes on waiting, and the record says what failed this time. */
  stillFails(id: string, before: ParkedKey, failure: Failure): Replay {
    const { waiting, parkedAt, attempts, after } = before;
    const record = park(this.projection, before.key, failure, after, this.now);
    const document: ParkedKey = { ...record, waiting, parkedAt, attempts: attempts + 1 };
    return {
      writes: [{ collection: parkedEvents.name, id, document, position: this.until }],
      error: failure.error,
    };
  }

  /** The events of the key after a place, page by page; `places` tells the place right before one that failed. */
  async *#pages(key: string, position: Position) {
    while (comparePositions(position, this.until) < 0) {
      const start = position;
      const slice = await this.events.readAll({ position, filter: this.projection.filter, limit: PAGE });
      const seen = slice.events.filter((event) => comparePositions(event.position, this.until) <= 0);
      const group: readonly Recorded[] = groupByKey(this.projection, seen).groups.get(key) ?? [];
      const places = ({ event }: Failure): Position => seen[seen.indexOf(event) - 1]?.position ?? start;
      if (group.length > 0) yield { group, places };
      if (slice.end) return;
      position = slice.position;
    }
  }
}
