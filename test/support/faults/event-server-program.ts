import { join } from 'node:path';
import { SqliteEventStore } from '#platform/event-store/sqlite-event-store.adapter';
import { EventStoreDbFront } from '#platform/eventstoredb-front/front';

/** Serves EventStoreDB's protocol on a port, from a file in a folder, until it is killed. */
async function main(port: number, folder: string): Promise<void> {
  const store = await SqliteEventStore.open(join(folder, 'events.db'));
  const front = await EventStoreDbFront.open(store, { port });
  process.once('SIGTERM', () => void front.close().then(() => store.close()));
}

await main(Number(process.argv[2]), process.argv[3]!);
