import type { Position, Recorded } from '#kernel/event';
import type { Projection, ReadModel } from '#kernel/projection';
import { VERSION } from '../config/version.js';
import { causeOf } from './failure-cause.js';
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
  /** Fingerprint that failures of the same kind share. */
  readonly cause: string;
  /** Which code failed: version of the projection, and of Perdure. */
  readonly codeVersion: string;
  /** Times that the event was tried. */
  readonly attempts: number;
  /** ISO 8601, UTC. */
  readonly parkedAt: string;
  /** When it was tried last. */
  readonly triedAt: string;
  /** Later events of the key, which wait behind it: how many, and the first hundred of them. */
  readonly waiting: { readonly count: number; readonly positions: readonly Position[] };
}

/** The parked keys of all projections. */
export const parkedEvents: ReadModel<ParkedKey> = {
  name: 'parked_events',
  indexes: [{ fields: ['projection', 'parkedAt'] }, { fields: ['cause'] }],
};

const LISTED_POSITIONS = 100;
const STACK_LINES = 6;

/** Such as `3@0.1.0`: version 3 of a projection, run by Perdure 0.1.0. */
export function codeVersionOf(version: number): string {
  return `${version}@${VERSION}`;
}

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
  const message = error instanceof Error ? error.message : String(error);
  const trace = error instanceof Error ? (error.stack ?? '') : '';
  return {
    // First: of two records at one position, a store without transactions keeps the greater one, field by field.
    triedAt: now.toISOString(),
    projection: name,
    version,
    key,
    event: { id, type, stream, position },
    after,
    error: { message, stack: trace.split('\n').slice(0, STACK_LINES).join('\n') },
    cause: causeOf(message, trace.replace(message, ''), [stream, id]),
    codeVersion: codeVersionOf(version),
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
