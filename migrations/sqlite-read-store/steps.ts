import { collectionsAndCheckpoints } from './0001-collections-and-checkpoints.js';
import { leases } from './0002-leases.js';

/** Tables of the read store in SQLite, oldest step first. A step that was released never changes; add the next one. */
export const readStoreSteps: readonly string[] = [collectionsAndCheckpoints, leases];
