import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bench } from './bench.js';
import { LoadProcess } from './load/load-process.js';
import type { Load, LoadResult } from './load/load.js';
import { ServerProcess } from './processes/server-process.js';
import type { Figure } from './report/figure.js';
import { inTurns } from './rounds.js';
import { anOrder } from './seed.js';

const THINGS = 2_000;
const WARM_UP_SECONDS = 5;

/** Commands over HTTP, each durable before its answer, beside a route that does nothing. */
export const httpCommands: Bench = {
  name: 'http-commands',
  async *figures({ rounds, seconds }) {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'perdure-bench-'));
    await using perdure = await ServerProcess.perdure(folder.path);
    await using idle = await ServerProcess.idle();
    using generator = new LoadProcess();
    const put = (server: ServerProcess, load: Pick<Load, 'method' | 'path'> & Partial<Load>): Promise<LoadResult> =>
      generator.put({ port: server.port, connections: 64, seconds, ...load });

    const body = JSON.stringify(anOrder);
    const act = { method: 'POST', path: '/api/v1/things/Order/bench-{n}/verbs/pay', numbers: THINGS } as const;
    const create = { method: 'POST', path: '/api/v1/things/Order', body } as const;
    const pay = { ...act, body: JSON.stringify({ data: { amount: 4 }, create: true }) };
    // V8 takes that long until it has compiled what a server runs all day.
    for (const load of [create, pay]) await put(perdure, { ...load, seconds: WARM_UP_SECONDS });
    const results = await inTurns(rounds, {
      empty: () => put(idle, { method: 'GET', path: '/' }),
      parsed: () => put(idle, { method: 'POST', path: '/', body }),
      create: () => put(perdure, create),
      act: () => put(perdure, pay),
    });

    const empty = { name: 'empty route', samples: results.empty.map(({ perSecond }) => perSecond) };
    yield rate('empty route that parses the same body', results.parsed, empty);
    for (const [name, samples] of [
      ['create a thing', results.create],
      ['act on a thing', results.act],
    ] as const) {
      yield { ...rate(name, samples, empty), aim: { of: 'ratio', atLeast: 0.6 } };
      yield slowest(name, samples);
    }
    yield slowest('empty route', results.empty);
  },
};

function rate(name: string, samples: readonly LoadResult[], ceiling: Figure['ceiling']): Figure {
  return { name, unit: 'requests/s', samples: samples.map(({ perSecond }) => perSecond), ceiling };
}

/** The slowest of a hundred requests beside the one in the middle. */
function slowest(name: string, samples: readonly LoadResult[]): Figure {
  const ceiling = { name: 'ms, p50 of the same', samples: samples.map(({ p50 }) => p50) };
  const aim = { of: 'ratio', atMost: 4 } as const;
  return { name: `${name}: p99`, unit: 'ms', samples: samples.map(({ p99 }) => p99), ceiling, aim };
}
