import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { Command, Option } from 'commander';
import { quick, thorough } from './bench.js';
import { append } from './append.bench.js';
import { catchUp } from './catch-up.bench.js';
import { eventStoreDb } from './eventstoredb.bench.js';
import { front } from './front.bench.js';
import { graphQl } from './graphql.bench.js';
import { httpCommands } from './http-commands.bench.js';
import { importing } from './import.bench.js';
import { jobs } from './jobs.bench.js';
import { memory } from './memory.bench.js';
import { mongoDb } from './mongodb.bench.js';
import { past } from './past.bench.js';
import { profiles } from './profiles.bench.js';
import { reads } from './reads.bench.js';
import { rebuild } from './rebuild.bench.js';
import { resultOf, type Result } from './report/figure.js';
import { startUp } from './start-up.bench.js';
import { takeOver } from './take-over.bench.js';
import { timers } from './timers.bench.js';
import { visible } from './visible.bench.js';
import { tableHead, tableRow } from './report/table.js';

const benches = [
  append,
  httpCommands,
  reads,
  past,
  rebuild,
  visible,
  graphQl,
  catchUp,
  importing,
  startUp,
  memory,
  eventStoreDb,
  front,
  mongoDb,
  jobs,
  timers,
  takeOver,
  profiles,
];

interface Options {
  readonly quick: boolean;
  readonly only: readonly string[];
  readonly json: string;
}

const {
  quick: isQuick,
  only,
  json,
} = new Command('bench')
  .description('Measures Perdure beside the ceilings of this machine. docs/performance.md says what the figures mean.')
  .option('--quick', 'fewer and shorter rounds', false)
  .addOption(
    new Option('--only <names...>', 'only these benches').choices(benches.map(({ name }) => name)).default(
      benches.map(({ name }) => name),
      'all',
    ),
  )
  .option('--json <file>', 'where the results go', 'bench-results.json')
  .parse()
  .opts<Options>();

// Perdure builds itself at its first start, which must not be measured along with anything.
spawnSync(process.execPath, ['apps/cli/perdure.mjs', '--help'], { stdio: ['ignore', 'ignore', 'inherit'] });

const results: Result[] = [];
console.log(tableHead());
for (const bench of benches.filter(({ name }) => only.includes(name))) {
  console.log(`\n${bench.name}`);
  for await (const figure of bench.figures(isQuick ? quick : thorough)) {
    const result = resultOf(bench.name, figure);
    results.push(result);
    console.log(tableRow(result));
  }
}
const machine = { cpu: cpus()[0]?.model, cores: availableParallelism(), node: process.version };
writeFileSync(json, `${JSON.stringify({ takenAt: new Date().toISOString(), machine, results }, null, 2)}\n`);
console.log(`\nAll figures stand in ${json} too.`);
