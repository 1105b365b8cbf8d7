import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bench } from './bench.js';
import { LoadProcess } from './load/load-process.js';
import type { LoadResult } from './load/load.js';
import { EngineServer } from './processes/engine-server.js';
import { EventServer } from './processes/event-server.js';
import { ServerProcess } from './processes/server-process.js';
import { inTurns } from './rounds.js';
import { anOrder } from './seed.js';

const CONNECTIONS = 64;

/** Creating a thing over HTTP with each set of stores, beside the embedded one. Its projections follow before the next turn. */
export const profiles: Bench = {
  name: 'profiles',
  async *figures({ rounds, seconds }) {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'perdure-bench-'));
    using generator = new LoadProcess();
    using events = await EventServer.start(folder.path);
    await using documents = await EngineServer.start('MongoDB');
    await using jobs = await EngineServer.start('Redis');

    await using servers = new AsyncDisposableStack();
    const put: Record<string, () => Promise<LoadResult>> = {};
    const add = async (name: string, env: Record<string, string>): Promise<void> => {
      const server = servers.use(await ServerProcess.perdure(join(folder.path, name), env));
      put[name] = async () => {
        const load = { method: 'POST', path: '/api/v1/things/Order', body: JSON.stringify(anOrder) } as const;
        const result = await generator.put({
          ...load,
          port: server.port,
          connections: CONNECTIONS,
          seconds: seconds / 2,
        });
        await server.upToDate();
        return result;
      };
    };
    const onServer = { PERDURE_EVENT_STORE: events.url };
    await add('embedded', {});
    await add('EventStoreDB', onServer);
    if (documents) {
      const withDocuments = { ...onServer, PERDURE_READ_STORE: documents.database('profile') };
      await add('EventStoreDB, MongoDB', withDocuments);
      if (jobs) await add('EventStoreDB, MongoDB, Redis', { ...withDocuments, PERDURE_JOBS: jobs.url });
    }

    const { embedded, ...others } = await inTurns(Math.min(rounds, 3), put);
    for (const [name, results] of Object.entries(others)) {
      const samples = results.map(({ perSecond }) => perSecond);
      const ceiling = { name: 'embedded', samples: embedded!.map(({ perSecond }) => perSecond) };
      yield { name: `create a thing, ${name}`, unit: 'requests/s', samples, ceiling };
    }
    for (const [name, results] of Object.entries({ embedded: embedded!, ...others })) {
      const ceiling = { name: 'ms, p50 of the same', samples: results.map(({ p50 }) => p50) };
      yield { name: `${name}: p99`, unit: 'ms', samples: results.map(({ p99 }) => p99), ceiling };
    }
  },
};
