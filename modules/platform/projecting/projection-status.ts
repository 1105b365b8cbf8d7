import type { Position } from '#kernel/event';

export const PROJECTION_STATES = [
  'catching-up',
  'live',
  'failing',
  'stopped',
  'elsewhere',
  'paused',
  'rebuilding',
] as const;

export type ProjectionState = (typeof PROJECTION_STATES)[number];

/** How a projection is doing. */
export interface ProjectionStatus {
  readonly name: string;
  readonly version: number;
  /**
   * `elsewhere`: another process runs it, or none does; the rest is what the stores tell of it. `rebuilding`: the read model is of
   * another version, or of another store's events, and answers as it was until the new one takes over. `paused`: by somebody's wish.
   */
  readonly state: ProjectionState;
  /** All events up to here are in the read model. */
  readonly position: Position;
  /** Age of the oldest event that is stored but not yet projected, in seconds; 0 when it is up to date. */
  readonly lagSeconds: number;
  /** Keys that are set aside because an event of theirs failed. */
  readonly parkedKeys: number;
  /** Times that this process has set one aside since it started; not there where it does not run the projection. */
  readonly parkedEver?: number;
  /** The last failure, where there is one. */
  readonly error?: string;
}

/** What health and metrics ask the projection runners. */
export abstract class ProjectionStatuses {
  abstract statuses(): Promise<readonly ProjectionStatus[]>;

  /** Tells the projection that its operators want something else of it; where another process runs it, that one looks by itself. */
  async look(_projection: string): Promise<void> {}
}
