import { join } from 'node:path';
import { SqliteEventStore } from '#platform/event-store/sqlite-event-store.adapter';
import { EventStoreDbFront } from '#platform/eventstoredb-front/front';

/** An embedded event store behind EventStoreDB's protocol, and nothing else. Tells its parent the port; ends with it. */
const store = await SqliteEventStore.open(join(process.argv[2]!, 'events.db'));
const { port } = await EventStoreDbFront.open(store);
process.once('disconnect', () => process.exit());
process.send!(port);
