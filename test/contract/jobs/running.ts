import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { TerminalJobError } from '#platform/jobs/jobs.errors';
import type { Jobs } from '#platform/jobs/jobs.port';
import { AT_ONCE, gate, type JobsPlace, type NewPlace, until, untilState } from './open-jobs.js';

export function running(newPlace: NewPlace): void {
  let place: JobsPlace;
  let jobs: Jobs;
  beforeEach(async () => {
    place = newPlace();
    jobs = await place.open({ random: () => 0 });
  });
  afterEach(() => jobs.close());

  describe('a worker', () => {
    it('runs no job before its time', async () => {
      const early: number[] = [];
      jobs.work('default', { h: async ({ dueAt }) => void early.push(Date.parse(dueAt) - Date.now()) });
      for (let i = 0; i < 30; i++) {
        const at = new Date(Date.now() + ((i * 7) % 60)).toISOString();
        await jobs.schedule({ key: `k${i}`, handler: 'h', time: i % 2 ? { at } : { after: (i * 7) % 60 } });
      }
      await until(() => early.length === 30);
      expect(Math.max(...early)).toBeLessThanOrEqual(0);
    });

    it('takes the larger priority first', async () => {
      const order: string[] = [];
      for (const [i, priority] of [0, 5, 1_000, 1, 5, 0, 70].entries()) {
        await jobs.schedule({ key: `${priority}-${i}`, handler: 'h', priority });
      }
      jobs.work('default', { h: async ({ key }) => void order.push(key) }, { concurrency: 1 });
      await until(() => order.length === 7);
      const priorities = order.map((key) => Number(key.split('-')[0]));
      expect(priorities).toEqual([1_000, 70, 5, 5, 1, 0, 0]);
    });

    it('runs no more jobs at once than it may, queue by queue', async () => {
      const active = { one: 0, two: 0 };
      const most = { one: 0, two: 0 };
      const work = (queue: 'one' | 'two', concurrency: number) =>
        jobs.work(
          queue,
          {
            h: async () => {
              most[queue] = Math.max(most[queue], ++active[queue]);
              await sleep(3);
              active[queue]--;
            },
          },
          { concurrency },
        );
      work('one', 3);
      work('two', 1);
      const all = Array.from({ length: 40 }, (_, i) => ({ key: `k${i}`, handler: 'h', queue: i % 2 ? 'one' : 'two' }));
      await Promise.all(all.map((request) => jobs.schedule(request)));
      await until(async () => (await jobs.list({ state: 'finished' })).items.length === 40);
      expect(most).toEqual({ one: 3, two: 1 });
    });

    it('keeps the result and when it ran', async () => {
      jobs.work('default', { h: async ({ payload }) => ({ got: payload }) });
      await jobs.schedule({ key: 'a', handler: 'h', payload: [1, null] });
      await untilState(jobs, 'a', 'finished');
      const job = await jobs.get('a');
      expect(job).toMatchObject({ state: 'finished', attempt: 1, result: { got: [1, null] } });
      expect(Date.parse(job!.endedAt!)).toBeGreaterThanOrEqual(Date.parse(job!.startedAt!));
    });

    it('tries again what failed, with the attempts counted, until it succeeds', async () => {
      const attempts: number[] = [];
      jobs.work('default', {
        h: async ({ attempt }) => {
          attempts.push(attempt);
          if (attempt < 3) throw new Error('not yet');
          return 'done';
        },
      });
      await jobs.schedule({ key: 'a', handler: 'h', backoff: AT_ONCE });
      await untilState(jobs, 'a', 'finished');
      expect(attempts).toEqual([1, 2, 3]);
      expect(await jobs.get('a')).toMatchObject({ attempt: 3, result: 'done' });
    });

    it('waits longer after each failure', async () => {
      const times: number[] = [];
      jobs.work('default', { h: () => (times.push(Date.now()), Promise.reject(new Error('no'))) });
      await jobs.schedule({ key: 'a', handler: 'h', attempts: 4, backoff: { initial: 20, max: 40, jitter: 0 } });
      await untilState(jobs, 'a', 'dead');
      const waits = times.slice(1).map((time, i) => time - times[i]!);
      expect(waits).toHaveLength(3);
      for (const [i, least] of [20, 40, 40].entries()) expect(waits[i]).toBeGreaterThanOrEqual(least);
    });

    it('keeps a job that failed for good with its error', async () => {
      jobs.work('default', { h: () => Promise.reject(new RangeError('out of luck')) });
      await jobs.schedule({ key: 'a', handler: 'h', attempts: 2, backoff: AT_ONCE });
      await untilState(jobs, 'a', 'dead');
      const job = await jobs.get('a');
      expect(job).toMatchObject({ attempt: 2, maxAttempts: 2, error: { message: 'out of luck' } });
      expect(job!.error!.stack).toMatch(/^RangeError: out of luck\n\s+at /);
      expect(job!.error!.stack!.split('\n').length).toBeLessThanOrEqual(12);
    });

    it('does not try again what no attempt can mend', async () => {
      jobs.work('default', { h: () => Promise.reject(new TerminalJobError('wrong address')) });
      await jobs.schedule({ key: 'a', handler: 'h', backoff: AT_ONCE });
      await untilState(jobs, 'a', 'dead');
      expect(await jobs.get('a')).toMatchObject({ attempt: 1, error: { message: 'wrong address' } });
    });

    it('fails a job whose handler it does not have', async () => {
      jobs.work('default', {});
      await jobs.schedule({ key: 'a', handler: 'toString', attempts: 2, backoff: AT_ONCE });
      await untilState(jobs, 'a', 'dead');
      expect((await jobs.get('a'))!.error!.message).toContain("No handler 'toString'");
    });

    it('shows progress', async () => {
      const seen = gate();
      jobs.work('default', {
        h: async ({ progress }) => {
          for (let i = 0; i < 100; i++) void progress(i / 200);
          await progress(0.5, 'half way');
          await seen.opened;
          void progress(7);
        },
      });
      await jobs.schedule({ key: 'a', handler: 'h' });
      await until(async () => (await jobs.get('a'))?.progress?.fraction === 0.5);
      expect(await jobs.get('a')).toMatchObject({ state: 'running', progress: { fraction: 0.5, message: 'half way' } });
      seen.open();
      await untilState(jobs, 'a', 'finished');
      expect((await jobs.get('a'))!.progress).toEqual({ fraction: 1 });
    });

    it('finishes what it runs, and takes no more, when it stops', async () => {
      const started = gate();
      const end = gate();
      const worker = jobs.work('default', { h: () => (started.open(), end.opened) }, { concurrency: 1 });
      await jobs.schedule({ key: 'a', handler: 'h' });
      await started.opened;
      await jobs.schedule({ key: 'b', handler: 'h' });
      const stopped = worker.stop();
      end.open();
      await stopped;
      expect(await jobs.get('a')).toMatchObject({ state: 'finished' });
      expect(await jobs.get('b')).toMatchObject({ state: 'waiting' });
      jobs.work('default', { h: async () => undefined });
      await untilState(jobs, 'b', 'finished');
    });

    it('gives back what does not end in time when it stops, and counts no attempt', async () => {
      const short = await place.open({ drain: 20 });
      const started = gate();
      const worker = short.work('slow', {
        h: ({ signal }) => {
          started.open();
          return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('stopped'))));
        },
      });
      await short.schedule({ key: 'a', handler: 'h', queue: 'slow', attempts: 1 });
      await started.opened;
      await worker.stop();
      expect(await short.get('a')).toMatchObject({ state: 'waiting', attempt: 0 });
      short.work('slow', { h: async ({ attempt }) => attempt });
      await untilState(short, 'a', 'finished');
      await short.close();
    });

    it('runs each job once where two work on one queue', async () => {
      const runs: string[] = [];
      const handlers = { h: async ({ key }: { key: string }) => void runs.push(key) };
      jobs.work('default', handlers);
      jobs.work('default', handlers);
      const keys = Array.from({ length: 200 }, (_, i) => `k${i}`);
      await Promise.all(keys.map((key, i) => jobs.schedule({ key, handler: 'h', time: { after: i % 30 } })));
      await until(() => runs.length >= 200);
      expect(runs.sort()).toEqual(keys.sort());
    });
  });

  describe('a recurring job', () => {
    it('makes a job of each occurrence, in steps from its start', async () => {
      const keys: string[] = [];
      const from = new Date(Date.now() - 1_000_000).toISOString();
      jobs.work('default', { h: async ({ key }) => void keys.push(key) });
      const view = await jobs.schedule({ key: 'tick', handler: 'h', time: { every: 50, from } });
      expect(view).toMatchObject({ state: 'scheduled', attempt: 0 });
      await until(() => keys.length >= 4);
      const times = keys.map((key) => Date.parse(key.replace(/^tick@/, '')));
      for (const time of times) expect((time - Date.parse(from)) % 50).toBe(0);
      expect(new Set(times).size).toBe(times.length);
      expect(await jobs.get('tick')).toMatchObject({ state: expect.stringMatching(/scheduled|waiting/) as unknown });
      expect(await jobs.get(keys[0]!)).toMatchObject({ handler: 'h', time: { at: keys[0]!.slice(5) } });
    });

    it('stops when it is cancelled', async () => {
      let runs = 0;
      jobs.work('default', { h: async () => void runs++ });
      await jobs.schedule({ key: 'tick', handler: 'h', time: { every: 20 } });
      await until(() => runs >= 2);
      expect(await jobs.cancel('tick')).toBe(true);
      expect(await jobs.get('tick')).toMatchObject({ state: 'cancelled' });
      // One whose time had come may still be on its way.
      await until(async () => (await jobs.list({ state: 'running' })).items.length === 0);
      const { items } = await jobs.list({ handler: 'h' });
      await jobs.schedule({ key: 'z', handler: 'h', time: { after: 60 } });
      await untilState(jobs, 'z', 'finished');
      expect((await jobs.list({ handler: 'h' })).items.map(({ key }) => key)).toEqual(
        [...items.map(({ key }) => key), 'z'].sort(),
      );
    });

    const MISSED = { cron: '0 0 * * *', since: new Date(Date.now() - 3 * 86_400_000).toISOString() };

    it('makes up for what it missed by the last of it', async () => {
      const runs: string[] = [];
      await jobs.schedule({ key: 'daily', handler: 'h', time: MISSED });
      jobs.work('default', { h: async ({ key }) => void runs.push(key) });
      await until(async () => (await jobs.list({ state: 'finished' })).items.length >= 1);
      const midnight = new Date(Math.floor(Date.now() / 86_400_000) * 86_400_000).toISOString();
      expect(runs).toEqual([`daily@${midnight}`]);
      expect(await jobs.get('daily')).toMatchObject({ state: 'scheduled' });
    });

    it('makes up for each that it missed where it must', async () => {
      const runs: string[] = [];
      await jobs.schedule({ key: 'daily', handler: 'h', time: { ...MISSED, catchUp: 'all' } });
      jobs.work('default', { h: async ({ key }) => void runs.push(key) });
      await until(() => runs.length === 3);
      expect(new Set(runs).size).toBe(3);
    });

    it('does no occurrence twice that is scheduled again', async () => {
      const runs: string[] = [];
      jobs.work('default', { h: async ({ key }) => void runs.push(key) });
      await jobs.schedule({ key: 'daily', handler: 'h', time: MISSED });
      await until(() => runs.length === 1);
      await jobs.cancel('daily');
      await jobs.schedule({ key: 'daily', handler: 'h', time: MISSED });
      await untilState(jobs, 'daily', 'scheduled');
      await jobs.schedule({ key: 'z', handler: 'h' });
      await untilState(jobs, 'z', 'finished');
      expect(runs.filter((key) => key !== 'z')).toHaveLength(1);
    });
  });
}
