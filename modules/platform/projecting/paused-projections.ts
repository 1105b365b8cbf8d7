import type { ReadModel } from '#kernel/projection';

/** That somebody stopped a projection on purpose. */
export interface PausedProjection {
  /** ISO 8601, UTC. */
  readonly since: string;
}

/** The paused projections, by name; they stay so over restarts. */
export const pausedProjections: ReadModel<PausedProjection> = { name: 'paused_projections', indexes: [] };
