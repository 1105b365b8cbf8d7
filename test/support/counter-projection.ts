import { comparePositions, type EventOf, type Recorded } from '#kernel/event';
import { systemIds } from '#kernel/ids';
import { projection, type Projection } from '#kernel/projection';
import type { EventStore, NewEvent } from '#platform/event-store/event-store.port';
import type { ReadStore } from '#platform/read-store/read-store.port';

export type CounterEvent = EventOf<'counter.added', { by: number }> | EventOf<'counter.removed', object>;

/** `revisions` holds what went into the sum, in order: a lost, repeated or misplaced event shows. */
export interface Counter {
  readonly sum: number;
  readonly revisions: readonly number[];
}

/** Sums by object. `refuses` names the events that it throws on. */
export function counters(
  refuses: (event: Recorded<CounterEvent>) => boolean = () => false,
): Projection<Counter, CounterEvent> {
  return projection<Counter, CounterEvent>({
    name: 'counters',
    version: 1,
    readModel: { name: 'counters', indexes: [] },
    filter: { streamPrefixes: ['main.counter-'] },
    key: (event) => event.stream.slice('main.counter-'.length),
    evolve(counter, event) {
      if (refuses(event)) throw new Error(`refused ${event.stream}@${event.revision}`);
      if (event.type === 'counter.removed') return null;
      if (counter && event.data.by === 0) return counter;
      return {
        sum: (counter?.sum ?? 0) + event.data.by,
        revisions: [...(counter?.revisions ?? []), event.revision],
      };
    },
  });
}

export function added(by: number): NewEvent {
  return { id: systemIds.next(), type: 'counter.added', data: { by }, metadata: {} };
}

/** All documents of a collection by id. */
export async function documentsOf(store: ReadStore, collection = 'counters'): Promise<Record<string, unknown>> {
  const documents: Record<string, unknown> = {};
  let cursor: string | undefined;
  do {
    const page = await store.query(collection, { limit: 500, ...(cursor === undefined ? {} : { cursor }) });
    for (const { id, document } of page.items) documents[id] = document;
    cursor = page.next;
  } while (cursor !== undefined);
  return documents;
}

/** Resolves as soon as the condition holds; the test's own time limit bounds the wait. */
export async function eventually(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise(setImmediate);
}

/** Resolves when the projection has seen all that is stored now. */
export async function upToDate(
  runner: { status(): Promise<{ position: string; state: string }> },
  events: EventStore,
): Promise<void> {
  const head = await events.head();
  await eventually(async () => {
    const { position, state } = await runner.status();
    return state === 'live' && comparePositions(position, head) >= 0;
  });
}
