import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bench } from './bench.js';
import { ServerProcess } from './processes/server-process.js';
import { inTurns } from './rounds.js';

/** From the start of the process to the first answered request, once built. */
export const startUp: Bench = {
  name: 'start-up',
  async *figures({ rounds }) {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'perdure-bench-'));
    const samples = await inTurns(rounds, {
      perdure: () => secondsToAnswer(() => ServerProcess.perdure(folder.path)),
      idle: () => secondsToAnswer(() => ServerProcess.idle()),
    });
    yield {
      name: 'until the first answer',
      unit: 's',
      samples: samples.perdure,
      ceiling: { name: 's, Fastify with an empty route', samples: samples.idle },
      aim: { of: 'value', atMost: 3 },
    };
  },
};

async function secondsToAnswer(start: () => Promise<ServerProcess>): Promise<number> {
  await using server = await start();
  return server.startedInMs / 1_000;
}
