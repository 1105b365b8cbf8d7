import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bench } from './bench.js';
import { type Latency, latencyAmong } from './latency.js';
import { ServerProcess } from './processes/server-process.js';
import { inTurns } from './rounds.js';
import { anOrder } from './seed.js';

const WRITES = 300;

/** From the answer to a command to the answer of a list that has it: what somebody waits who reads what they wrote. */
export const visible: Bench = {
  name: 'visible',
  async *figures({ rounds }) {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'perdure-bench-'));
    await using perdure = await ServerProcess.perdure(folder.path);
    const orders = `${perdure.url}/api/v1/things/Order`;
    const list = async (query: string): Promise<number> => {
      const start = performance.now();
      const answer = await fetch(`${orders}?limit=1${query}`);
      await answer.arrayBuffer();
      if (!answer.ok) throw new Error(`${answer.url} answered ${answer.status}.`);
      return performance.now() - start;
    };
    const written = async (): Promise<string> => {
      const headers = { 'content-type': 'application/json' };
      const answer = await fetch(orders, { method: 'POST', headers, body: JSON.stringify(anOrder) });
      await answer.arrayBuffer();
      return answer.headers.get('perdure-position')!;
    };
    const measure = (query: (position: string) => string) => async (): Promise<Latency> => {
      const latencies: number[] = [];
      for (let n = 0; n < WRITES; n++) latencies.push(await list(query(await written())));
      return latencyAmong(latencies);
    };
    const samples = await inTurns(rounds, {
      after: measure((position) => `&after=${position}&wait=5s`),
      stale: measure(() => ''),
    });
    for (const part of ['p50', 'p99'] as const) {
      yield {
        name: `a command is in the list: ${part}`,
        unit: 'ms',
        samples: samples.after.map((each) => each[part]),
        ceiling: {
          name: `ms, ${part} of a list that need not have it`,
          samples: samples.stale.map((each) => each[part]),
        },
        ...(part === 'p99' && { aim: { of: 'value', atMost: 25 } as const }),
      };
    }
  },
};
