import { MirroredEventStore } from '#platform/copying/mirrored-event-store';
import { SqliteEventStore } from '#platform/event-store/sqlite-event-store.adapter';
import { eventStoreContract } from './event-store/contract.js';

for (const readFrom of ['store', 'mirror'] as const) {
  eventStoreContract(`A mirrored store that is read from the ${readFrom}`, async (clock) => {
    const [store, mirror] = await Promise.all([1, 2].map(() => SqliteEventStore.open(':memory:', { clock })));
    return MirroredEventStore.open(store!, mirror!, readFrom);
  });
}
