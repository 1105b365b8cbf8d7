import { EventStoreDbFront } from '#platform/eventstoredb-front/front';
import { SqliteEventStore } from '#platform/event-store/sqlite-event-store.adapter';
const store = await SqliteEventStore.open(process.argv[3] ?? ':memory:');
const front = await EventStoreDbFront.open(store, { port: Number(process.argv[2]) });
console.log('port', front.port);
