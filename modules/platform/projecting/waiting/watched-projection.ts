import { START, type Position } from '#kernel/event';
import type { Projection } from '#kernel/projection';
import type { EventStore } from '#platform/event-store/event-store.port';
import type { ReadStore } from '#platform/read-store/read-store.port';
import { eventOrigins, firstEvent, isSameOrigin, type Origin } from '../event-origin.js';
import type { Movement } from './movement.js';
import type { ProjectionStatus } from '../projection-status.js';

/** How far the read model is that queries see. */
export interface Progress {
  readonly position: Position;
  readonly state: ProjectionStatus['state'];
  /** The last failure, where there is one. */
  readonly error?: string;
}

/** A projection as those see it who wait for it. */
export interface WatchedProjection {
  readonly projection: Projection<object>;
  /** Where this process runs the projection: how far it is. */
  readonly progress?: Progress;
  /** Tells whenever `progress` has changed. */
  readonly movement?: Movement;
}

/** How far a projection is: as its runner here says, or by what another process has stored. */
export async function progressOf(
  { projection, progress }: WatchedProjection,
  events: EventStore,
  documents: ReadStore,
): Promise<Progress> {
  if (progress && progress.state !== 'elsewhere') return progress;
  const { name } = projection;
  const [checkpoint, origin] = await Promise.all([
    documents.checkpoint(name),
    documents.get<Origin>(eventOrigins.name, name),
  ]);
  // A place in another store is none in this one.
  const isForeign = origin !== null && !isSameOrigin(origin, await beginningOf(events));
  return { position: isForeign ? START : (checkpoint?.position ?? START), state: 'elsewhere' };
}

const beginnings = new WeakMap<EventStore, Origin>();

/** The first event of a store, which stays the same once it is there. */
async function beginningOf(events: EventStore): Promise<Origin | null> {
  const known = beginnings.get(events) ?? (await firstEvent(events));
  if (known) beginnings.set(events, known);
  return known;
}
