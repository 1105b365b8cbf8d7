import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventStoreDbEventStore } from '#platform/event-store/eventstoredb-event-store.adapter';
import type { Bench } from './bench.js';
import { type Asked, sideBySide, throughClient, throughPort } from './event-calls.js';
import { EventServer } from './processes/event-server.js';

/** The EventStoreDB adapter, beside the official client with the same calls to the same server. */
export const eventStoreDb: Bench = {
  name: 'eventstoredb',
  async *figures(effort) {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'perdure-bench-'));
    using server = await EventServer.start(folder.path);
    const store = await EventStoreDbEventStore.open(server.url);

    const adapter: Asked = {
      name: 'adapter',
      store,
      async open() {
        const turn = await EventStoreDbEventStore.open(server.url);
        return throughPort(turn, () => turn.close());
      },
    };
    const client: Asked = { name: '@eventstore/db-client', store, open: async () => throughClient(server.url) };
    yield* sideBySide(effort, adapter, client, { of: 'ratio', atLeast: 0.8 });
    await store.close();
  },
};
