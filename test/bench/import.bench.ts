import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Bench } from './bench.js';
import { madeUpLog } from './made-up-log.js';
import { ServerProcess } from './processes/server-process.js';
import { inTurns } from './rounds.js';

const RECEIPT_LOG = process.env['PERDURE_RECEIPT_LOG'] ?? '../shared/data/receipt.csv';
const COLUMNS = ['--id', 'case:concept:name', '--verb', 'concept:name', '--time', 'time:timestamp'];

/** An event log through the command line, beside a server that takes the same requests and does nothing. */
export const importing: Bench = {
  name: 'import',
  async *figures({ rounds }) {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'perdure-bench-'));
    const isReal = existsSync(RECEIPT_LOG);
    const file = isReal ? RECEIPT_LOG : join(folder.path, 'log.csv');
    if (!isReal) await writeFile(file, madeUpLog());

    await using perdure = await ServerProcess.perdure(folder.path);
    await using idle = await ServerProcess.idle();
    let turn = 0;
    const samples = await inTurns(rounds, {
      idle: () => rowsPerSecond(file, idle, 'Permit'),
      perdure: () => rowsPerSecond(file, perdure, `Permit${++turn}`),
    });
    yield {
      name: isReal ? 'the receipt log' : 'a log like the receipt log',
      unit: 'rows/s',
      samples: samples.perdure,
      ceiling: { name: 'into a server that does nothing', samples: samples.idle },
      aim: { of: 'value', atLeast: 5_000 },
    };
  },
};

/** With the start of the command line, which a log of this size does not hide. */
async function rowsPerSecond(file: string, server: ServerProcess, noun: string): Promise<number> {
  const start = performance.now();
  const args = ['apps/cli/perdure.mjs', 'import', file, '--noun', noun, ...COLUMNS, '--url', server.url];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  const exit = once(child, 'exit') as Promise<[number | null]>;
  const [said, [status]] = await Promise.all([text(child.stdout), exit]);
  const seconds = (performance.now() - start) / 1_000;
  if (status !== 0) throw new Error(`The import of ${file} ended with status ${status}.`);
  return Number(/^rows +([\d,]+)$/m.exec(said)![1]!.replaceAll(',', '')) / seconds;
}
