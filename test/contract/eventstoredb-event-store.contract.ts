import { EventStoreDbEventStore } from '#platform/event-store/eventstoredb-event-store.adapter';
import { EventStoreDbServer } from '#test/support/eventstoredb-server';
import { FreshView } from '#test/support/fresh-view';
import { eventStoreContract } from './event-store/contract.js';

eventStoreContract(
  'EventStoreDB, through the front',
  async (clock) => {
    const server = await EventStoreDbServer.start({ clock });
    const store = await EventStoreDbEventStore.open(server.url, { clock });
    const close = store.close.bind(store);
    // The server goes with the store.
    store.close = async () => {
      await close();
      await server.end();
    };
    return FreshView.of(store);
  },
  { ourTime: true, ourMetadata: true, emptyGaps: false },
);

// A server that is in use will do: each test has streams of its own. It needs MaxAppendSize from 2 MiB.
const url = process.env.EVENTSTOREDB_URL;
if (url) {
  eventStoreContract(
    'EventStoreDB, the server at EVENTSTOREDB_URL',
    async () => FreshView.of(await EventStoreDbEventStore.open(url), { apart: true }),
    { ourTime: false, ourMetadata: false, emptyGaps: false },
  );
}
