import type { Position, Recorded } from '#kernel/event';
import type { Projection, ReadModel } from '#kernel/projection';
import type { Failure } from './key-fold.js';

/** A key that is set aside because an event of its failed: its document stays as it was before that event. */
export interface ParkedKey {
  readonly projection: string;
  /** Version of the projection that failed. */
  readonly version: number;
  /** null where the projection failed to tell the event's key: then this one event is set aside, alone. */
  readonly key: string | null;
  readonly event: { readonly id: string; readonly type: string; readonly stream: string; readonly position: Position };
  /** The place right before the event: a replay reads on from here. */
  readonly after: Position;
  readonly error: { readonly message: string; readonly stack: string };
  /** Times that the event was tried. */
  readonly attempts: number;
  /** ISO 8601, UTC. */
  readonly parkedAt: string;
  /** Later events of the key, which wait behind it: how many, and the first hundred of them. */
  readonly waiting: { readonly count: number; readonly positions: readonly Position[] };
}

/** The parked keys of all projections. */
export const parkedEvents: ReadModel<ParkedKey> = {
  name: 'parked_events',
  indexes: [{ fields: ['projection', 'parkedAt'] }],
};

const LISTED_POSITIONS = 100;
const STACK_LINES = 6;

/** Id of the key's document among the parked ones. */
export function parkedKeyId(projection: Projection<object>, key: string): string {
  return `${projection.name}/key/${key}`;
}

export function parkedEventId(projection: Projection<object>, { event }: Failure): string {
  return `${projection.name}/event/${event.id}`;
}

export function park(
  projection: Projection<object>,
  key: string | null,
  { event, error, attempts }: Failure,
  after: Position,
  now: Date,
): ParkedKey {
  const { id, type, stream, position } = event;
  const { name, version } = projection;
  return {
    projection: name,
    version,
    key,
    event: { id, type, stream, position },
    after,
    error: {
      message: error instanceof Error ? error.message : String(error),
      stack: error instanceof Error ? (error.stack ?? '').split('\n').slice(0, STACK_LINES).join('\n') : '',
    },
    attempts,
    parkedAt: now.toISOString(),
    waiting: { count: 0, positions: [] },
  };
}

/** The same with these events waiting, too. */
export function parkBehind(parked: ParkedKey, events: readonly Recorded[]): ParkedKey {
  const { count, positions } = parked.waiting;
  const listed = [...positions, ...events.slice(0, LISTED_POSITIONS - positions.length).map((event) => event.position)];
  return { ...parked, waiting: { count: count + events.length, positions: listed } };
}
