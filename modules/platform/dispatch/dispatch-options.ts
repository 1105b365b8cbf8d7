/** Limits of the write side. */
export interface DispatchOptions {
  /** Objects kept in memory (PERDURE_CACHED_OBJECTS). */
  readonly cachedObjects: number;
  /** Events between two snapshots of an object (PERDURE_SNAPSHOT_EVERY). */
  readonly snapshotEvery: number;
}

export const DISPATCH_OPTIONS = Symbol('DispatchOptions');
