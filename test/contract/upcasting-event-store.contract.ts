import { upcaster } from '#kernel/upcaster';
import { SqliteEventStore } from '#platform/event-store/sqlite-event-store.adapter';
import { Upcasters } from '#platform/upcasting/upcasters';
import { UpcastingEventStore } from '#platform/upcasting/upcasting-event-store';
import { eventStoreContract } from './event-store/contract.js';

/** Where an upcaster has nothing to do, nobody notices that it is there. */
const upcasters = new Upcasters([
  upcaster('elsewhere.happened@1', ['elsewhere.happened@2'], ({ data }) => [{ type: 'elsewhere.happened', data }]),
]);

eventStoreContract('SQLite behind upcasters', async (clock) => {
  return new UpcastingEventStore(await SqliteEventStore.open(':memory:', { clock }), upcasters);
});
