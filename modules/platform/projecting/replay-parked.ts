import { setImmediate } from 'node:timers/promises';
import { comparePositions, START, type Position, type Recorded } from '#kernel/event';
import type { Projection } from '#kernel/projection';
import type { EventStore } from '../event-store/event-store.port.js';
import type { ReadStore, Write } from '../read-store/read-store.port.js';
import { groupByKey } from './key-fold.js';
import { failedAgain, KeyReplay } from './key-replay.js';
import { park, parkedEvents, type ParkedKey } from './parked-events.js';

/** Events read at a time. */
const PAGE = 2_000;

/** What became of parked work: `error` is what it is parked for still, or anew. */
export interface ReplayOutcome {
  readonly error?: unknown;
}

/** By id; where nothing is parked under an id, it is left out. */
export type ReplayOutcomes = ReadonlyMap<string, ReplayOutcome>;

export interface Replays {
  readonly outcomes: ReplayOutcomes;
  /** To be written together, with the checkpoint. */
  readonly writes: readonly Write[];
}

/**
 * Tries parked work again, all of it in one pass over the events from the first that failed: what makes the documents whole, with all
 * events up to `until`, and ends their parking. Where an event still fails, a document goes as far as that, and the record says what
 * failed now.
 */
export async function replayParked(
  projection: Projection<object>,
  ids: readonly string[],
  until: Position,
  events: EventStore,
  documents: ReadStore,
  now: Date,
): Promise<Replays> {
  const parked = await documents.getMany<ParkedKey>(parkedEvents.name, ids);
  const keyless = [...parked].filter(([, { key }]) => key === null);
  const outcomes = new Map<string, ReplayOutcome>([...parked.keys()].map((id) => [id, {}]));
  const unpark = (id: string): Write => ({ collection: parkedEvents.name, id, document: null, position: until });
  const writes: Write[] = [];

  const keys = await replaysOf(projection, [...parked.values()], documents, now);
  for (const [id, record] of keyless) {
    const found = await keyOf(projection, record, events);
    if ('error' in found) {
      outcomes.set(id, { error: found.error });
      const failure = { event: found.event, error: found.error, attempts: 1 };
      const document = failedAgain(record, park(projection, null, failure, record.after, now));
      writes.push({ ...unpark(id), document });
      continue;
    }
    writes.push(unpark(id));
    // Later events of that key went by: its document is folded anew, from the first event on.
    const { key } = found;
    if (key !== null)
      keys.set(key, new KeyReplay(projection, key, { document: null, position: START }, undefined, now));
  }

  await pass(projection, [...keys.values()], until, events);
  for (const replay of keys.values()) {
    writes.push(...replay.writes(until));
    if (replay.failure) outcomes.set(replay.id, { error: replay.failure.error });
  }
  return { outcomes, writes };
}

async function replaysOf(
  projection: Projection<object>,
  parked: readonly ParkedKey[],
  documents: ReadStore,
  now: Date,
): Promise<Map<string, KeyReplay>> {
  const keyed = parked.flatMap((record) => (record.key === null ? [] : { ...record, key: record.key }));
  const keys = keyed.map(({ key }) => key);
  const found = await documents.projected<object>(projection.readModel.name, keys);
  return new Map(
    keyed.map((record) => {
      const { document = null, position = START } = found.get(record.key) ?? {};
      // In a store without transactions the document may be whole already, from a replay that did not come to its end.
      const isAhead = comparePositions(position, record.after) > 0;
      const from = { document, position: isAhead ? position : record.after };
      return [record.key, new KeyReplay(projection, record.key, from, record, now)];
    }),
  );
}

/** The key of an event that was parked alone, null where there is none (any more), or the failure to tell it. */
async function keyOf(
  projection: Projection<object>,
  { after, event: { id } }: ParkedKey,
  events: EventStore,
): Promise<{ readonly key: string | null } | { readonly event: Recorded; readonly error: unknown }> {
  const slice = await events.readAll({ position: after, filter: projection.filter, limit: PAGE });
  const event = slice.events.find((each) => each.id === id);
  if (!event) return { key: null }; // hidden or deleted meanwhile
  try {
    return { key: projection.key(event) };
  } catch (error) {
    return { event, error };
  }
}

async function pass(
  projection: Projection<object>,
  replays: readonly KeyReplay[],
  until: Position,
  events: EventStore,
): Promise<void> {
  if (replays.length === 0) return;
  let position = replays.map(({ start }) => start).reduce((a, b) => (comparePositions(a, b) <= 0 ? a : b));
  while (comparePositions(position, until) < 0) {
    const start = position;
    const slice = await events.readAll({ position, filter: projection.filter, limit: PAGE });
    const seen = slice.events.filter((event) => comparePositions(event.position, until) <= 0);
    const { groups } = groupByKey(projection, seen);
    const placeBefore = (event: Recorded): Position => seen[seen.indexOf(event) - 1]?.position ?? start;
    for (const replay of replays) {
      const group = groups.get(replay.key)?.filter((event) => comparePositions(event.position, replay.start) > 0) ?? [];
      replay.take(group, placeBefore);
    }
    if (slice.end) return;
    position = slice.position;
    await setImmediate(); // others have their turn
  }
}
