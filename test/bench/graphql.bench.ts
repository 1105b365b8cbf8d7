import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SqliteEventStore } from '#platform/event-store/sqlite-event-store.adapter';
import type { Bench } from './bench.js';
import { LoadProcess } from './load/load-process.js';
import type { Load } from './load/load.js';
import { ServerProcess } from './processes/server-process.js';
import { inTurns } from './rounds.js';
import { anOrder, seedThings } from './seed.js';

const LISTED = 100;
const WARM_UP_SECONDS = 3;

/** The same questions and commands through GraphQL and through REST. */
export const graphQl: Bench = {
  name: 'graphql',
  async *figures({ rounds, seconds }) {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'perdure-bench-'));
    const store = await SqliteEventStore.open(join(folder.path, 'perdure.db'));
    await seedThings(store, 'Order', LISTED, 3);
    await store.close();
    await using perdure = await ServerProcess.perdure(folder.path);
    using generator = new LoadProcess();
    const put = async (load: Pick<Load, 'method' | 'path'> & Partial<Load>): Promise<number> =>
      (await generator.put({ port: perdure.port, connections: 32, seconds, ...load })).perSecond;
    const ask = (query: string, variables: object = {}) => ({
      ...({ method: 'POST', path: '/graphql' } as const),
      body: JSON.stringify({ query, variables }),
    });

    const one = ask('{ thing(noun: "Order", id: "seed-1") { id revision data } }');
    const list = ask('{ things(noun: "Order", first: 20) { edges { node { id revision data } } } }');
    const create = ask(
      'mutation($data: JSON!) { createThing(input: { noun: "Bench", data: $data }) { id position } }',
      {
        data: anOrder,
      },
    );
    const restOne = { method: 'GET', path: '/api/v1/things/Order/seed-1' } as const;
    const restList = { method: 'GET', path: '/api/v1/things/Order?limit=20' } as const;
    const restCreate = { method: 'POST', path: '/api/v1/things/Bench', body: JSON.stringify(anOrder) } as const;
    for (const load of [one, list, create]) await put({ ...load, seconds: WARM_UP_SECONDS });

    for (const [name, graphQl, rest] of [
      ['one thing', one, restOne],
      ['a page of 20 things', list, restList],
      ['create a thing', create, restCreate],
    ] as const) {
      const samples = await inTurns(rounds, { graphQl: () => put(graphQl), rest: () => put(rest) });
      yield { name, unit: 'requests/s', samples: samples.graphQl, ceiling: { name: 'REST', samples: samples.rest } };
    }
  },
};
