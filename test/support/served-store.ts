import { EventStoreDBClient } from '@eventstore/db-client';
import { afterAll, beforeAll } from '@jest/globals';
import { SqliteEventStore } from '#platform/event-store/sqlite-event-store.adapter';
import { EventStoreDbFront, type EventStoreDbFrontOptions } from '#platform/eventstoredb-front/front';

/** An embedded store behind the EventStoreDB protocol, with a client of it. */
export interface ServedStore {
  readonly store: SqliteEventStore;
  readonly front: EventStoreDbFront;
  readonly client: EventStoreDBClient;
}

/** One for all tests of a file or a describe block; a stream name of its own keeps a test apart from the others. */
export function servedStore(options: EventStoreDbFrontOptions = {}): () => ServedStore {
  let served: ServedStore;
  beforeAll(async () => {
    const store = await SqliteEventStore.open(':memory:');
    const front = await EventStoreDbFront.open(store, options);
    served = { store, front, client: clientOf(front) };
  });
  afterAll(async () => {
    await served.client.dispose();
    await served.front.close();
    await served.store.close();
  });
  return () => served;
}

export function clientOf({ port }: EventStoreDbFront, parameters = ''): EventStoreDBClient {
  return EventStoreDBClient.connectionString(`esdb://127.0.0.1:${port}?tls=false${parameters}`);
}

/** All that a read or a subscription gives, up to a number of items. */
export async function collect<Item>(items: AsyncIterable<Item>, limit = Infinity): Promise<Item[]> {
  const collected: Item[] = [];
  if (limit === 0) return collected;
  for await (const item of items) if (collected.push(item) >= limit) break;
  return collected;
}
