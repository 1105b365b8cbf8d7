import { describe, expect, it } from '@jest/globals';
import { TerminalJobError } from '#platform/jobs/jobs.errors';
import type { JobHandlers, JobState, JobView } from '#platform/jobs/jobs.port';
import type { NewPlace } from './open-jobs.js';
import { until } from './open-jobs.js';

const handlers: JobHandlers = {
  good: async () => 'x'.repeat(1_000),
  bad: () => Promise.reject(new TerminalJobError('x'.repeat(1_000))),
};

export function keeping(newPlace: NewPlace): void {
  describe('jobs that have ended', () => {
    it.each<[JobState, string]>([
      ['finished', 'good'],
      ['dead', 'bad'],
    ])('are kept up to so many bytes when %s, the latest of them', async (state, handler) => {
      const limit = { bytes: 20_000 };
      const jobs = await newPlace().open({ keepFinished: limit, keepDead: limit });
      let runs = 0;
      jobs.work('default', { [handler]: (job) => (runs++, handlers[handler]!(job)) }, { concurrency: 1 });
      for (let i = 0; i < 60; i++) await jobs.schedule({ key: `k${String(i).padStart(3, '0')}`, handler });
      await until(async () => runs === 60 && (await jobs.get('k059'))?.state === state);
      const { items } = await jobs.list({ state });
      expect(items.length).toBeGreaterThan(3);
      expect(JSON.stringify(items).length).toBeLessThan(20_000 * 1.2);
      expect(items.map(({ key }) => key)).toEqual(
        Array.from({ length: items.length }, (_, i) => `k${String(60 - items.length + i).padStart(3, '0')}`),
      );
      expect((await jobs.list()).items).toHaveLength(items.length);
      await jobs.close();
    });

    it('go when they are old, and dead ones later', async () => {
      const jobs = await newPlace().open({ keepFinished: { age: 30 } });
      jobs.work('default', handlers);
      await jobs.schedule({ key: 'dead', handler: 'bad' });
      await jobs.schedule({ key: 'old', handler: 'good' });
      const ended = (job: JobView | null): boolean => job?.endedAt !== undefined;
      await until(async () => ended(await jobs.get('dead')) && ended(await jobs.get('old')));
      await jobs.schedule({ key: 'new', handler: 'good', time: { after: 60 } });
      await until(async () => ended(await jobs.get('new')));
      expect((await jobs.list()).items.map(({ key }) => key)).toEqual(['dead', 'new']);
      await jobs.close();
    });

    it('free their room when they are run again', async () => {
      const jobs = await newPlace().open({ keepDead: { bytes: 20_000 } });
      jobs.work('default', handlers);
      for (let i = 0; i < 5; i++) await jobs.schedule({ key: `k${i}`, handler: 'bad' });
      const dead = async (): Promise<number> => (await jobs.list({ state: 'dead' })).items.length;
      await until(async () => (await dead()) === 5);
      for (let round = 0; round < 10; round++) {
        for (let i = 0; i < 5; i++) await jobs.retry(`k${i}`);
        await until(async () => (await dead()) === 5);
      }
      await jobs.close();
    });
  });
}
