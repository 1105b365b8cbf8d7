import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Bench } from './bench.js';
import type { MemoryTaken } from './memory-program.js';
import { anOrder } from './seed.js';

const PROGRAM = fileURLToPath(new URL('memory-program.js', import.meta.url));
const run = promisify(execFile);

/** Memory that an object takes while its state is cached, beside that state as JSON. */
export const memory: Bench = {
  name: 'memory',
  async *figures({ rounds }) {
    const samples: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const { stdout } = await run(process.execPath, ['--expose-gc', '--no-warnings', PROGRAM]);
      samples.push((JSON.parse(stdout) as MemoryTaken).bytesEach);
    }
    const json = JSON.stringify(anOrder).length;
    yield {
      name: 'an object in the activation cache',
      unit: 'bytes',
      samples,
      ceiling: { name: 'bytes of its data as JSON', samples: samples.map(() => json) },
    };
  },
};
