import { afterAll } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BullMqJobs } from '#platform/jobs/bullmq-jobs.adapter';
import { SqliteJobs } from '#platform/jobs/sqlite-jobs.adapter';
import { engineSuite } from '#test/support/engines/engine-suite';
import { jobsContract } from './jobs/jobs-contract.js';
import type { JobsPlace } from './jobs/open-jobs.js';
import { redisLosses } from './jobs/redis-losses.js';
import { redisRefusals } from './jobs/redis-refusals.js';
import { fencingContract, sharingContract } from './jobs/sharing.js';
import { reopeningContract } from './jobs/reopening.js';

const folder = mkdtempSync(join(tmpdir(), 'perdure-'));
afterAll(() => rmSync(folder, { recursive: true }));

let places = 0;

function file(): JobsPlace {
  const path = join(folder, `jobs${places++}.db`);
  return {
    url: `sqlite:${path}`,
    open: (settings) => SqliteJobs.open(path, { durability: 'normal', ...settings }),
  };
}

jobsContract('SQLite in memory', () => ({ open: (settings) => SqliteJobs.open(':memory:', settings) }));
jobsContract('a SQLite file', file);
reopeningContract('a SQLite file', file);
sharingContract('a SQLite file', file);

engineSuite('redis', (engine) => {
  const place = (): JobsPlace => {
    const url = `${engine().url}/?prefix=p${places++}`;
    // Short, for a lock of a process that closed without its handler's consent runs out, too.
    return { url, open: (settings) => BullMqJobs.open(url, { lock: 1_000, ...settings }) };
  };
  jobsContract('BullMQ', place);
  reopeningContract('BullMQ', place);
  sharingContract('BullMQ', place);
  fencingContract('BullMQ', place);
  redisLosses(engine, place);
  redisRefusals(engine, place);
});
