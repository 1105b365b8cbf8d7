import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { comparePositions } from '#kernel/event';
import { EventStoreDbEventStore } from '#platform/event-store/eventstoredb-event-store.adapter';
import type { EventStore } from '#platform/event-store/event-store.port';
import { MongoDbReadStore } from '#platform/read-store/mongodb-read-store.adapter';
import type { ReadStore } from '#platform/read-store/read-store.port';
import { thingsProjection } from '#projections/things.projection';
import type { Bench } from './bench.js';
import { EngineServer } from './processes/engine-server.js';
import { EventServer } from './processes/event-server.js';
import { ServerProcess } from './processes/server-process.js';
import { anOrder, thingEvent } from './seed.js';

const GIVEN_UP_MS = 60_000;

/** From the end of the worker that runs a projection to the first event that another worker has put into the read model. */
export const takeOver: Bench = {
  name: 'take-over',
  async *figures({ rounds }) {
    await using documents = await EngineServer.start('MongoDB');
    await using jobs = await EngineServer.start('Redis');
    if (!documents || !jobs) return;
    await using folder = await mkdtempDisposable(join(tmpdir(), 'perdure-bench-'));
    using server = await EventServer.start(folder.path);
    const readStore = documents.database('take-over');
    const events = await EventStoreDbEventStore.open(server.url);
    const store = await MongoDbReadStore.open(readStore);

    const env = {
      PERDURE_DATA: folder.path,
      ...{ PERDURE_EVENT_STORE: server.url, PERDURE_READ_STORE: readStore, PERDURE_JOBS: jobs.url },
    };
    let workers: ServerProcess[] = await Promise.all([ServerProcess.worker(env), ServerProcess.worker(env)]);
    const secondsAfter = async (signal: NodeJS.Signals): Promise<number> => {
      await listed(events, store);
      const owners = await Promise.all(workers.map((worker) => worker.runs(thingsProjection.name)));
      const owner = workers[owners.indexOf(true)];
      if (!owner) throw new Error('No worker says that it runs the projection.');
      const start = performance.now();
      const ended = owner.end(signal);
      await listed(events, store);
      const seconds = (performance.now() - start) / 1_000;
      await ended;
      workers = [...workers.filter((worker) => worker !== owner), await ServerProcess.worker(env)];
      return seconds;
    };
    const [killed, stopped]: [number[], number[]] = [[], []];
    for (let round = 0; round < Math.min(rounds, 3); round++) {
      killed.push(await secondsAfter('SIGKILL'));
      stopped.push(await secondsAfter('SIGTERM'));
    }
    await Promise.all(workers.map((worker) => worker.end('SIGTERM')));
    await store.close();
    await events.close();
    const ceiling = { name: 's after SIGTERM', samples: stopped };
    yield { name: 'after SIGKILL', unit: 's', samples: killed, ceiling, aim: { of: 'value', atMost: 10 } };
  },
};

/** Appends an event, and resolves when the projection has it. */
async function listed(events: EventStore, store: ReadStore): Promise<void> {
  const created = thingEvent('Order.created', { data: anOrder });
  const { position } = await events.append(`main.Order-${created.id}`, 'none', [created]);
  const deadline = performance.now() + GIVEN_UP_MS;
  for (;;) {
    const checkpoint = await store.checkpoint(thingsProjection.name);
    if (checkpoint && comparePositions(checkpoint.position, position) >= 0) return;
    if (performance.now() > deadline) throw new Error(`No worker took over within ${GIVEN_UP_MS / 1_000} s.`);
    await sleep(10);
  }
}
