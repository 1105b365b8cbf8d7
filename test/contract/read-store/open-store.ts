import type { ReadStore } from '#platform/read-store/read-store.port';

/** Opens a new, empty store; with a name, the same store again after it was closed. */
export type OpenStore = (name?: string) => Promise<ReadStore>;
