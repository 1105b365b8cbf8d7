import { afterEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { JobsUnavailable } from '#platform/jobs/jobs.errors';
import type { Jobs } from '#platform/jobs/jobs.port';
import { openJobs } from '#platform/stores/open-jobs';
import type { Engine } from '#test/support/engines/engine';
import { loopbackPort } from '#test/support/engines/loopback-port';
import { type NewPlace, until, untilState } from './open-jobs.js';

const IMPATIENT = { patience: 300 };

/** Redis is there, but cannot or will not. */
export function redisRefusals(engine: () => Engine, newPlace: NewPlace): void {
  describe('Jobs: a Redis that refuses', () => {
    let jobs: Jobs | undefined;
    let admin: Redis | undefined;
    const config = async (...settings: [string, string][]): Promise<void> => {
      admin ??= new Redis(engine().url);
      for (const [name, value] of settings) await admin.config('SET', name, value);
    };
    afterEach(async () => {
      await jobs?.close();
      admin?.disconnect();
      jobs = admin = undefined;
    });
    const schedule = () => jobs!.schedule({ key: 'a', handler: 'h', payload: 'x'.repeat(1_000) });

    async function refusesAndMends(words: RegExp): Promise<void> {
      await expect(schedule()).rejects.toThrow(words);
      const refused = await schedule().catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(JobsUnavailable);
      expect(refused).toMatchObject({ kind: 'unavailable', retryable: true });
      await expect(jobs!.check()).rejects.toThrow(words);
    }

    async function worksAgain(): Promise<void> {
      await jobs!.check();
      await schedule();
      await untilState(jobs!, 'a', 'finished');
    }

    it('says that it is full, and goes on when it has room again', async () => {
      jobs = await newPlace().open(IMPATIENT);
      jobs.work('default', { h: async () => undefined });
      await config(['maxmemory', '1']);
      await refusesAndMends(/is full \(maxmemory\)/);
      await config(['maxmemory', '0']);
      await worksAgain();
    });

    it('says that it is a read-only replica, and goes on when it is none', async () => {
      jobs = await newPlace().open(IMPATIENT);
      jobs.work('default', { h: async () => undefined });
      admin = new Redis(engine().url);
      await admin.replicaof('127.0.0.1', await loopbackPort());
      await refusesAndMends(/is a read-only replica/);
      await admin.replicaof('NO', 'ONE');
      await worksAgain();
    });

    it('is given up in time when it stops answering', async () => {
      jobs = await newPlace().open(IMPATIENT);
      engine().pause();
      await expect(schedule()).rejects.toThrow(/does not answer/);
      engine().resume();
      await jobs.check();
      // What was given up may still have been done: again it is the same.
      await schedule();
      expect((await jobs.list()).items).toHaveLength(1);
    });

    it('is given up in time when it is gone', async () => {
      jobs = await newPlace().open(IMPATIENT);
      await engine().kill();
      await expect(schedule()).rejects.toThrow(/cannot be reached|went away/);
      await expect(jobs.get('a')).rejects.toThrow(JobsUnavailable);
      await expect(jobs.check()).rejects.toThrow(JobsUnavailable);
      await engine().start();
      jobs.work('default', { h: async () => undefined });
      // It comes back at the next attempt to connect.
      await until(() =>
        jobs!.check().then(
          () => true,
          () => false,
        ),
      );
      await worksAgain();
    });

    it('is refused at the start when it is not there', async () => {
      const url = `redis://user:secret@127.0.0.1:${await loopbackPort()}`;
      const opening = openJobs(url, IMPATIENT);
      await expect(opening).rejects.toThrow(JobsUnavailable);
      await expect(opening).rejects.toThrow(/PERDURE_JOBS/);
      await expect(opening).rejects.not.toThrow(/secret/);
    });

    it('is warned about when it would throw jobs away', async () => {
      await config(['maxmemory-policy', 'allkeys-lru']);
      const warnings: string[] = [];
      jobs = await newPlace().open({ warn: (message) => warnings.push(message) });
      await config(['maxmemory-policy', 'noeviction']);
      expect(warnings).toEqual([expect.stringMatching(/allkeys-lru.*noeviction/)]);
    });

    it('does not grow with what has ended', async () => {
      jobs = await newPlace().open({ keepFinished: { bytes: 5_000 }, keepDead: { bytes: 5_000 } });
      let runs = 0;
      jobs.work('default', { h: async () => void runs++ });
      const round = async (from: number): Promise<void> => {
        const keys = Array.from({ length: 200 }, (_, i) => `k${from + i}`);
        await Promise.all(keys.map((key) => jobs!.schedule({ key, handler: 'h' })));
        for (const key of keys.slice(-16)) {
          for (;;)
            if ((await jobs!.get(key))?.state !== 'waiting' && (await jobs!.get(key))?.state !== 'running') break;
        }
      };
      admin = new Redis(engine().url);
      await round(0);
      const small = await admin.dbsize();
      for (let i = 1; i < 5; i++) await round(200 * i);
      expect(await admin.dbsize()).toBeLessThanOrEqual(small + 16);
      expect(runs).toBe(1_000);
    });
  });
}
