import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventStoreDbEventStore } from '#platform/event-store/eventstoredb-event-store.adapter';
import { SqliteEventStore } from '#platform/event-store/sqlite-event-store.adapter';
import type { Bench } from './bench.js';
import { type Asked, sideBySide, throughClient, throughPort } from './event-calls.js';
import { EventServer } from './processes/event-server.js';

/** EventStoreDB's protocol over the embedded store, with the official client, beside the store in this process. */
export const front: Bench = {
  name: 'front',
  async *figures(effort) {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'perdure-bench-'));
    await using other = await mkdtempDisposable(join(tmpdir(), 'perdure-bench-'));
    using server = await EventServer.start(folder.path, { own: true });
    const port = await SqliteEventStore.open(join(other.path, 'events.db'));

    const beyond = await EventStoreDbEventStore.open(server.url);

    const client: Asked = { name: 'front', store: beyond, open: async () => throughClient(server.url) };
    yield* sideBySide(effort, client, { name: 'port in process', store: port, open: async () => throughPort(port) });
    await beyond.close();
    await port.close();
  },
};
