import { systemIds } from '#kernel/ids';
import type { EventStore, NewEvent } from '#platform/event-store/event-store.port';
import type { ManualClock } from '#test/support/manual-clock';

/** What not every store can be asked for. */
export interface Traits {
  /** Events are recorded at the time of the tests' clock. */
  readonly ourTime: boolean;
  /** Metadata streams keep every event, and get none but those that the tests know of. */
  readonly ourMetadata: boolean;
  /** Where revisions jump after `restore` there is nothing between; else there is something that is never shown. */
  readonly emptyGaps: boolean;
}

/** The store under test, empty at the beginning of each test, and the clock it was opened with. */
export type UnderTest = () => { readonly store: EventStore; readonly clock: ManualClock; readonly traits: Traits };

/** A new event; its data is `{ n }`. */
export function event(n = 0, type = 'task.changed'): NewEvent {
  return { id: systemIds.next(), type, data: { n }, metadata: { schemaVersion: 1 } };
}

export function events(count: number): NewEvent[] {
  return Array.from({ length: count }, (_, n) => event(n));
}

/** The `n` of the data of each. */
export function numbers(recorded: readonly { data: object }[]): number[] {
  return recorded.map(({ data }) => (data as { n: number }).n);
}

export const STREAM = 'main.task-a';

/** Streams in every state that a stream can be in; all but the missing one had revisions 0 to 2. */
export const streamStates = {
  missing: async () => {},
  present: async (store: EventStore) => void (await store.append(STREAM, 'none', events(3))),
  'soft-deleted': async (store: EventStore) => {
    await store.append(STREAM, 'none', events(3));
    await store.delete(STREAM, 2, 'soft');
  },
  tombstoned: async (store: EventStore) => {
    await store.append(STREAM, 'none', events(3));
    await store.delete(STREAM, 2, 'tombstone');
  },
};
