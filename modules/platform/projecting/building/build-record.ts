import type { ReadModel } from '#kernel/projection';
import type { Origin } from '../event-origin.js';

/**
 * `beginning`: leftovers are being cleared away. `building`: events are folded into the new collection. `ready`: it has caught up, and
 * whoever runs the projection may take over. `taking-over`: that has begun and must be brought to its end. `done`: it is the live one.
 */
export type BuildPhase = 'beginning' | 'building' | 'ready' | 'taking-over' | 'done';

/** How far the last build of a projection is. Written only by the owner of the build's lease. */
export interface BuildRecord {
  /** The work that it belongs to: only the same may go on with it. */
  readonly operation: string;
  /** Version of the projection. */
  readonly version: number;
  readonly phase: BuildPhase;
  /** The collection that is being filled. Each beginning has its own, so that what comes late to an earlier one harms nobody. */
  readonly collection: string;
  /** Collections of builds that were given up. */
  readonly leftovers: readonly string[];
  /** The event store that it counts the events of; null where that was empty. */
  readonly origin: Origin | null;
}

/** The last build of each projection, by its name. */
export const projectionBuilds: ReadModel<BuildRecord> = { name: 'projection_builds', indexes: [] };

/** Under this name a build has a lease and a checkpoint of its own. */
export function buildName(projection: string): string {
  return `${projection}/next`;
}

/** Where a build keeps the keys that it parks, by the ids that they will have among the parked ones. */
export function parkedOf(collection: string): string {
  return `${collection}/parked`;
}
