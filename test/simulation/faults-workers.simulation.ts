import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ReadyReport } from '#test/support/api-client';
import { engineSuite } from '#test/support/engines/engine-suite';
import { loopbackPort } from '#test/support/engines/loopback-port';
import { Deployment } from '#test/support/faults/deployment';
import { allAreReady, allName, away } from '#test/support/faults/health';
import { Load } from '#test/support/faults/load';
import { expectAllOnce } from '#test/support/faults/outcome';
import { mulberry32 } from '#test/support/mulberry32';
import { ThingsClient } from '#test/support/things-client';

const SEED = Number(process.env['PERDURE_SEED'] ?? 20260101);
const DEATHS = 5;
/** The promise: from a worker's death until another one projects. */
const TAKE_OVER_MS = 10_000;

engineSuite('ferretdb', (documents) =>
  engineSuite('redis', (jobs) => {
    describe(`two APIs and two workers under 200 commands a second (PERDURE_SEED=${SEED})`, () => {
      const random = mulberry32(SEED);
      let deployment: Deployment;
      let urls: string[];
      let load: Load | undefined;

      beforeAll(async () => {
        deployment = await Deployment.start(documents(), jobs());
        urls = deployment.apis.map(({ api }) => api.url);
      }, 300_000);
      afterEach(() => load?.end(), 60_000);
      afterAll(() => deployment?.end(), 60_000);

      it('bring all documents to what the events say though workers are killed at any moment of their writing', async () => {
        load = new Load(urls, 'Killed', SEED, false);
        for (let death = 0; death < DEATHS; death++) {
          // Whoever projects dies, mostly in the middle of a page.
          await load.proceeds(1 + Math.floor(random() * 100));
          const [dying, other] = (await owns(0)) ? [0, 1] : [1, 0];
          await deployment.workers[dying]!.process.kill();
          await load.proceeds(1 + Math.floor(random() * 20));
          // Every other time nobody is left.
          if (death % 2 === 1) await deployment.workers[other]!.process.kill();
          if (death % 2 === 1) deployment.workers[other] = await deployment.startWorker();
          deployment.workers[dying] = await deployment.startWorker();
        }
        await load.end();
        await allAreReady(deployment.all);
        await expectAllOnce(load, deployment);
      }, 300_000);

      it('go on within 10 seconds of the death of the worker that projects', async () => {
        const [dying, other] = await ownerAndOther();
        const { api } = deployment.workers[other]!;
        await deployment.workers[dying]!.process.kill();
        const killed = performance.now();
        const { status } = await deployment.apis[0]!.api.send('POST', '/api/v1/things/After', { $id: 'death' });
        expect(status).toBe(201);
        const things = new ThingsClient(urls[1]!);
        while ((await things.list('After')).length === 0) await sleep(50);
        expect(performance.now() - killed).toBeLessThan(TAKE_OVER_MS);
        await api.readyWhen((report) => owned(report).includes('things'));
        deployment.workers[dying] = await deployment.startWorker();
      }, 180_000);

      it.each<[string, Refusal]>([
        [
          'is full',
          {
            begin: (redis) => redis.config('SET', 'maxmemory', '1'),
            end: (redis) => redis.config('SET', 'maxmemory', '0'),
            words: /is full \(maxmemory\)/,
          },
        ],
        [
          'has become a read-only replica',
          {
            begin: async (redis) => redis.replicaof('127.0.0.1', await loopbackPort()),
            end: (redis) => redis.replicaof('NO', 'ONE'),
            words: /read-only replica/,
          },
        ],
      ])(
        'take commands and schedules while Redis refuses writes, as it %s, and carry them out later',
        async (what, { begin, end, words }) => {
          const redis = new Redis(deployment.engines.jobs.url);
          load = new Load(urls, what === 'is full' ? 'Full' : 'Replica', SEED);
          await load.proceeds(100);

          await begin(redis);
          await allName('jobs', deployment.all);
          const { parts } = await deployment.workers[0]!.api.ready();
          expect(parts.find(({ name }) => name === 'jobs')!.error).toMatch(words);
          await load.proceeds(100);
          expect(away(await deployment.apis[0]!.api.ready())).toEqual(['jobs']);
          await end(redis);

          await load.proceeds(50);
          await load.end();
          await allAreReady(deployment.all);
          await expectAllOnce(load, deployment);
          redis.disconnect();
        },
        90_000,
      );

      const owned = ({ projections }: ReadyReport): string[] =>
        projections.flatMap(({ name, state }) => (state === 'live' || state === 'catching-up' ? [name] : []));

      async function owns(worker: number): Promise<boolean> {
        return owned(await deployment.workers[worker]!.api.ready()).includes('things');
      }

      async function ownerAndOther(): Promise<[number, number]> {
        for (;;) {
          if (await owns(0)) return [0, 1];
          if (await owns(1)) return [1, 0];
          await sleep(50);
        }
      }
    });
  }),
);

/** A Redis that is there and takes no writes. */
interface Refusal {
  readonly begin: (redis: Redis) => Promise<unknown>;
  readonly end: (redis: Redis) => Promise<unknown>;
  readonly words: RegExp;
}
