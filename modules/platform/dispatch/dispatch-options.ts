/** Limits of the write side. */
export interface DispatchOptions {
  /** Objects kept in memory (PERDURE_CACHED_OBJECTS). */
  readonly cachedObjects: number;
  /** Events between two snapshots of an object (PERDURE_SNAPSHOT_EVERY). */
  readonly snapshotEvery: number;
  /** Revisions between two way-marks of an object, from which its past is read; default 500. */
  readonly markEvery?: number;
  /** Whether others append to the objects' streams although the event store is this process's own: through its EventStoreDB front. */
  readonly othersAppend?: boolean;
}

export const DISPATCH_OPTIONS = Symbol('DispatchOptions');
