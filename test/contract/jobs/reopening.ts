import { describe, expect, it } from '@jest/globals';
import { JobsUnavailable } from '#platform/jobs/jobs.errors';
import { gate, type NewPlace, until, untilState } from './open-jobs.js';
import { WorkerProcess } from './worker-process.js';

const SHORT_LOCK = 500;

/** Of a place that outlives the process. */
export function reopeningContract(name: string, newPlace: NewPlace): void {
  describe(`Jobs: ${name}, closed and opened again`, () => {
    it('has all it had', async () => {
      const place = newPlace();
      const before = await place.open();
      before.work('default', { h: async () => 'done' });
      await before.schedule({ key: 'a', handler: 'h' });
      await untilState(before, 'a', 'finished');
      await before.schedule({ key: 'b', handler: 'h', time: { after: 3_600_000 } });
      await before.schedule({ key: 'c', handler: 'h', queue: 'other', payload: { x: 1 } });
      await before.schedule({ key: 'd', handler: 'h', time: { cron: '0 3 * * *', timeZone: 'Europe/Berlin' } });
      const { items } = await before.list();
      await before.close();

      const after = await place.open();
      expect((await after.list()).items).toEqual(items);
      after.work('other', { h: async ({ payload }) => payload });
      await untilState(after, 'c', 'finished');
      await after.close();
    });

    it('answers nothing once it is closed', async () => {
      const jobs = await newPlace().open();
      await jobs.close();
      await expect(jobs.schedule({ key: 'a', handler: 'h' })).rejects.toThrow(JobsUnavailable);
      await expect(jobs.get('a')).rejects.toThrow(JobsUnavailable);
      await expect(jobs.list()).rejects.toThrow(JobsUnavailable);
      await jobs.close();
    });

    it('waits for what runs before it is closed', async () => {
      const place = newPlace();
      const jobs = await place.open();
      const started = gate();
      const end = gate();
      jobs.work('default', { h: () => (started.open(), end.opened) });
      await jobs.schedule({ key: 'a', handler: 'h' });
      await started.opened;
      const closed = jobs.close();
      end.open();
      await closed;
      const after = await place.open();
      expect(await after.get('a')).toMatchObject({ state: 'finished' });
      await after.close();
    });

    it('takes over what a killed process ran, as the same attempt', async () => {
      const place = newPlace();
      const before = await place.open();
      await before.schedule({ key: 'a', handler: 'h', payload: -1, attempts: 1 });
      await before.close();

      const killed = new WorkerProcess(place.url!, { lock: SHORT_LOCK });
      expect([await killed.line(), await killed.line()]).toContainEqual({ begun: 'a', attempt: 1 });
      await killed.kill();

      const after = await place.open({ lock: SHORT_LOCK });
      expect(await after.get('a')).toMatchObject({ state: 'running' });
      after.work('default', { h: async ({ attempt }) => `attempt ${attempt}` });
      await untilState(after, 'a', 'finished');
      expect(await after.get('a')).toMatchObject({ result: 'attempt 1' });
      await after.close();
    });

    it('does not run what was cancelled and then lost its worker', async () => {
      const place = newPlace();
      const before = await place.open({ drain: 1 });
      const started = gate();
      before.work('default', { h: () => (started.open(), new Promise(() => undefined)) });
      await before.schedule({ key: 'a', handler: 'h' });
      await started.opened;
      await before.cancel('a');
      await before.close();

      const after = await place.open({ lock: SHORT_LOCK });
      let runs = 0;
      after.work('default', { h: async () => void runs++ });
      await until(async () => (await after.get('a'))?.state === 'cancelled');
      expect(runs).toBe(0);
      await after.close();
    });
  });
}
