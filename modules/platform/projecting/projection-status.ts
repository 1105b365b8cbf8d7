import type { Position } from '#kernel/event';

/** How a projection is doing. */
export interface ProjectionStatus {
  readonly name: string;
  readonly version: number;
  /** `elsewhere`: another process runs it, or none does; the rest is what the stores tell of it. */
  readonly state: 'catching-up' | 'live' | 'failing' | 'stopped' | 'elsewhere';
  /** All events up to here are in the read model. */
  readonly position: Position;
  /** Age of the oldest event that is stored but not yet projected, in seconds; 0 when it is up to date. */
  readonly lagSeconds: number;
  /** Keys that are set aside because an event of theirs failed. */
  readonly parkedKeys: number;
  /** The last failure, where there is one. */
  readonly error?: string;
}

/** What health and metrics ask the projection runners. */
export abstract class ProjectionStatuses {
  abstract statuses(): Promise<readonly ProjectionStatus[]>;
}
