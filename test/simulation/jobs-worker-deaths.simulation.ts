import { afterAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Jobs, JobState } from '#platform/jobs/jobs.port';
import { SqliteJobs } from '#platform/jobs/sqlite-jobs.adapter';
import { WorkerProcess } from '#test/contract/jobs/worker-process';
import type { WorkerLine } from '#test/contract/jobs/worker-program';
import { mulberry32 } from '#test/support/mulberry32';

const DEATHS = 25;
const JOBS = 1_500;
const SEED = Number(process.env['PERDURE_SEED'] ?? 20260101);

describe('jobs in a file whose worker is killed again and again', () => {
  const folder = mkdtempSync(join(tmpdir(), 'perdure-'));
  const path = join(folder, 'jobs.db');
  afterAll(() => rmSync(folder, { recursive: true }));

  it(`are all done, in the end each once in effect (PERDURE_SEED=${SEED})`, async () => {
    const random = mulberry32(SEED);
    const open = (): Promise<SqliteJobs> => SqliteJobs.open(path);
    const scheduled = new Set<string>();
    const done: string[] = [];
    const attempts = new Set<number>();
    const note = (line: WorkerLine): void => {
      if ('done' in line) done.push(line.done);
      if ('begun' in line) attempts.add(line.attempt);
    };

    for (let death = 0; death < DEATHS; death++) {
      await using(open(), (jobs) => scheduleMore(jobs, death, random, scheduled));
      const worker = new WorkerProcess(`sqlite:${path}`);
      for (let lines = Math.floor(random() * 100); lines >= 0; lines--) note((await worker.line())!);
      (await worker.kill()).forEach(note);
    }

    await using(open(), async (jobs) => {
      const again: string[] = [];
      jobs.work('default', { h: async ({ key }) => void again.push(key) });
      while (!(await isOver(jobs))) await new Promise((resolve) => setTimeout(resolve, 10));
      done.push(...again);
      expect((await jobs.list({ state: 'dead' })).items).toEqual([]);
    });
    expect(new Set(done)).toEqual(scheduled);
    // What was under way at a death may be done again: at most all that may run at once.
    expect(done.length - scheduled.size).toBeLessThanOrEqual(DEATHS * 16);
    // A worker's death is nobody's failure.
    expect(attempts).toEqual(new Set([1]));
  }, 120_000);

  async function scheduleMore(jobs: Jobs, death: number, random: () => number, scheduled: Set<string>): Promise<void> {
    const keys = Array.from({ length: JOBS / DEATHS }, (_, i) => `j${death}-${i}`);
    await Promise.all(
      keys.map((key) =>
        jobs.schedule({
          key,
          handler: 'h',
          payload: Math.floor(random() * 8),
          time: { after: Math.floor(random() * 100) },
          priority: Math.floor(random() * 3),
          backoff: { initial: 20, max: 100 },
        }),
      ),
    );
    keys.forEach((key) => scheduled.add(key));
  }

  async function isOver(jobs: Jobs): Promise<boolean> {
    const pages = await Promise.all(
      ['scheduled', 'waiting', 'running'].map((state) => jobs.list({ state: state as JobState })),
    );
    return pages.every(({ items }) => items.length === 0);
  }

  async function using(opening: Promise<Jobs>, work: (jobs: Jobs) => Promise<void>): Promise<void> {
    const jobs = await opening;
    try {
      await work(jobs);
    } finally {
      await jobs.close();
    }
  }
});
