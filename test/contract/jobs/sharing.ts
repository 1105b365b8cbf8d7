import { describe, expect, it } from '@jest/globals';
import type { JobsPlace } from './open-jobs.js';
import { gate, type NewPlace, until, untilState } from './open-jobs.js';
import { WorkerProcess } from './worker-process.js';

/** Of a place that is open more than once. */
export function sharingContract(name: string, newPlace: NewPlace): void {
  describe(`Jobs: ${name}, open twice`, () => {
    async function withBoth(work: (...both: Awaited<ReturnType<JobsPlace['open']>>[]) => Promise<void>): Promise<void> {
      const place = newPlace();
      const [one, other] = await Promise.all([place.open(), place.open()]);
      try {
        await work(one, other);
      } finally {
        await one.close();
        await other.close();
      }
    }

    it('runs with one what is scheduled with the other', () =>
      withBoth(async (one, other) => {
        one.work('default', { h: async ({ payload }) => payload });
        await other.schedule({ key: 'a', handler: 'h', payload: 1 });
        await other.schedule({ key: 'b', handler: 'h', payload: 2, time: { after: 30 } });
        await untilState(other, 'a', 'finished');
        await untilState(other, 'b', 'finished');
        expect(await one.get('b')).toMatchObject({ result: 2 });
      }));

    it('cancels with one what runs with the other', () =>
      withBoth(async (one, other) => {
        const started = gate();
        one.work('default', {
          h: ({ signal }) => {
            started.open();
            return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('stopped'))));
          },
        });
        await other.schedule({ key: 'a', handler: 'h' });
        await started.opened;
        await other.cancel('a');
        await untilState(other, 'a', 'cancelled');
      }));

    it('runs each job once where both work', () =>
      withBoth(async (...both) => {
        const runs: string[] = [];
        for (const jobs of both) jobs.work('default', { h: async ({ key }) => void runs.push(key) });
        const keys = Array.from({ length: 100 }, (_, i) => `k${i}`);
        await Promise.all(keys.map((key, i) => both[i % 2]!.schedule({ key, handler: 'h', time: { after: i % 20 } })));
        await Promise.all(both.map((jobs) => jobs.schedule({ key: 'same', handler: 'h' })));
        await until(() => runs.length >= 101);
        expect(runs.sort()).toEqual([...keys, 'same'].sort());
      }));
  });
}

/** Of a place that several processes have open at once. */
export function fencingContract(name: string, newPlace: NewPlace): void {
  describe(`Jobs: ${name}, with a worker that hangs`, () => {
    it('takes its run over, and does not listen to it when it comes back', async () => {
      const place = newPlace();
      const lock = 500;
      const jobs = await place.open({ lock });
      await jobs.schedule({ key: 'a', handler: 'h', payload: 200 });
      const hung = new WorkerProcess(place.url!, { lock });
      expect([await hung.line(), await hung.line()]).toContainEqual({ begun: 'a', attempt: 1 });
      hung.pause();

      const worker = jobs.work('default', { h: async () => 'taken over' });
      await untilState(jobs, 'a', 'finished');
      await worker.stop();
      hung.resume();
      expect(await hung.line()).toEqual({ done: 'a' });
      // It does another one only after it has tried to report this one.
      await jobs.schedule({ key: 'b', handler: 'h', payload: 20 });
      await untilState(jobs, 'b', 'finished');
      expect(await jobs.get('a')).toMatchObject({ state: 'finished', result: 'taken over' });
      await hung.kill();
      await jobs.close();
    });
  });
}
