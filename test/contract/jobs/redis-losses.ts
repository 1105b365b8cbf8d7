import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { setTimeout as sleep } from 'node:timers/promises';
import { JobRecovery, type JobSource } from '#platform/jobs/job-recovery';
import type { JobRequest, Jobs } from '#platform/jobs/jobs.port';
import type { Engine } from '#test/support/engines/engine';
import { type NewPlace, until, untilState } from './open-jobs.js';

/** Redis goes away in the middle, with or without its data. */
export function redisLosses(engine: () => Engine, newPlace: NewPlace): void {
  describe('Jobs: a Redis that goes away', () => {
    let jobs: Jobs;
    let effects: Map<string, number>;
    const effect = (key: string): void => void effects.set(key, (effects.get(key) ?? 0) + 1);
    const requests = Array.from({ length: 1_000 }, (_, i): JobRequest => {
      return { key: `k${i}`, handler: 'h', time: { at: new Date(Date.now() + (i % 100) * 10).toISOString() } };
    });
    beforeEach(async () => {
      effects = new Map();
      jobs = await newPlace().open({ warn: () => undefined });
    });
    afterEach(() => jobs.close());

    it('does all of 1,000 jobs when it is killed in the middle and comes back with its data', async () => {
      await Promise.all(requests.map((request) => jobs.schedule(request)));
      jobs.work('default', {
        h: async ({ key }) => {
          await sleep(5);
          effect(key);
        },
      });
      for (const done of [100, 400]) {
        await until(() => effects.size >= done);
        await engine().kill();
        await engine().start();
      }
      await until(async () => (await jobs.list({ state: 'finished', limit: 1_000 })).items.length === 1_000);
      // What was under way is written down when Redis is back, not done again.
      expect([...effects.values()].every((times) => times === 1)).toBe(true);
      expect(effects.size).toBe(1_000);
    }, 60_000);

    /** Stands for events: what has had its effect is not outstanding. */
    const source: JobSource = {
      name: 'events',
      async *outstanding() {
        for (const request of requests) if (!effects.has(request.key)) yield request;
      },
    };

    it.each<[string, () => Promise<void>]>([
      [
        'is emptied',
        async () => {
          const redis = new Redis(engine().url);
          await redis.flushall();
          redis.disconnect();
        },
      ],
      [
        'is killed and comes back without its data',
        async () => {
          const redis = new Redis(engine().url);
          // The file that it reads at its start has nothing in it then.
          await redis.flushall();
          redis.disconnect();
          await engine().kill();
          await engine().start();
        },
      ],
    ])(
      'does all that is outstanding when it %s',
      async (_what, lose) => {
        const recovery = new JobRecovery(jobs, [source], () => undefined);
        await recovery.start();
        jobs.work('default', {
          h: async ({ key }) => {
            await sleep(5);
            effect(key);
          },
        });
        await until(() => effects.size >= 200);
        await lose();
        await until(() => effects.size === 1_000);
        await recovery.stop();
        // Sixteen may have been under way when nobody knew of them any more.
        const twice = [...effects.values()].filter((times) => times > 1);
        expect(twice.length).toBeLessThanOrEqual(16);
      },
      60_000,
    );

    it('does what is left of a job whose last moments were forgotten', async () => {
      await jobs.schedule({ key: 'a', handler: 'h' });
      // As if Redis had not yet written down what BullMQ made of it.
      const redis = new Redis(engine().url);
      for (const key of await redis.keys('p*:default:*')) await redis.del(key);
      redis.disconnect();
      await engine().kill();
      await engine().start();
      jobs.work('default', { h: async () => undefined });
      await untilState(jobs, 'a', 'finished');
    });

    it('goes on with what recurs after it was emptied', async () => {
      const from = new Date(Date.now()).toISOString();
      const tick: JobRequest = { key: 'tick', handler: 'h', time: { every: 50, from } };
      const recovery = new JobRecovery(jobs, [
        {
          name: 'code',
          outstanding: async function* () {
            yield tick;
          },
        },
      ]);
      await recovery.start();
      jobs.work('default', { h: async ({ key }) => effect(key) });
      await until(() => effects.size >= 3);
      const redis = new Redis(engine().url);
      await redis.flushall();
      redis.disconnect();
      const before = effects.size;
      await until(() => effects.size >= before + 4);
      await recovery.stop();
      for (const key of effects.keys()) expect((Date.parse(key.slice(5)) - Date.parse(from)) % 50).toBe(0);
      expect(new Set(effects.values())).toEqual(new Set([1]));
    });

    it('takes jobs again when it is back, and says so until then', async () => {
      await engine().kill();
      const patient = jobs.check().then(() => 'back');
      await engine().start();
      expect(await patient).toBe('back');
      jobs.work('default', { h: async () => undefined });
      await jobs.schedule({ key: 'a', handler: 'h' });
      await untilState(jobs, 'a', 'finished');
    });
  });
}
