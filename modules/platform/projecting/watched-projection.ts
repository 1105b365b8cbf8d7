import { START, type Position } from '#kernel/event';
import type { Projection } from '#kernel/projection';
import type { ReadStore } from '../read-store/read-store.port.js';
import type { Movement } from './movement.js';
import type { ProjectionStatus } from './projection-status.js';

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
export async function progressOf(watched: WatchedProjection, documents: ReadStore): Promise<Progress> {
  const here = watched.progress;
  if (here && here.state !== 'elsewhere') return here;
  const checkpoint = await documents.checkpoint(watched.projection.name);
  return { position: checkpoint?.position ?? START, state: 'elsewhere' };
}
