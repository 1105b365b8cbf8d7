import type { ReadStore } from '#platform/read-store/read-store.port';

/** Opens a new, empty store; with a name, the same store again after it was closed. */
export type OpenStore = (name?: string) => Promise<ReadStore>;

/** How much the contract asks of a store: less of a slow server. */
export interface ContractSize {
  /** In the collection whose plans are looked at. */
  readonly documents?: number;
  /** Random collections, each asked eight random queries. */
  readonly runs?: number;
}
