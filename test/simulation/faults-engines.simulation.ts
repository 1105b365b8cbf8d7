import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { engineSuite } from '#test/support/engines/engine-suite';
import { Deployment, PARTS, type Part } from '#test/support/faults/deployment';
import { allAreReady, allName } from '#test/support/faults/health';
import { Load } from '#test/support/faults/load';
import { expectAllOnce } from '#test/support/faults/outcome';

const SEED = Number(process.env['PERDURE_SEED'] ?? 20260101);

/** What can happen to a server or to the way there, and how it is over. */
interface Fault {
  readonly what: string;
  readonly begin: (deployment: Deployment, part: Part) => Promise<void> | void;
  readonly end: (deployment: Deployment, part: Part) => Promise<void>;
  /** Whether the server cannot be used meanwhile, rather than be slow. */
  readonly isAway: boolean;
  /** Whether it is looked at what users are told; once a server, as lists may wait for MongoDB for some time. */
  readonly isTold?: boolean;
}

const FAULTS: readonly Fault[] = [
  {
    what: 'is killed and started again',
    begin: ({ engines }, part) => engines[part].kill(),
    end: ({ engines }, part) => engines[part].start(),
    isAway: true,
    isTold: true,
  },
  {
    what: 'is cut off',
    begin: ({ networks }, part) => networks[part].cut(),
    end: ({ networks }, part) => networks[part].restore(),
    isAway: true,
  },
  {
    // What was held back arrives late, when others may have gone on.
    what: 'is silent, and then hears what was said meanwhile',
    begin: ({ networks }, part) => networks[part].hang(),
    end: ({ networks }, part) => networks[part].restore(),
    isAway: true,
  },
  {
    what: 'is far away: 200 ms for each piece',
    begin: ({ networks }, part) => networks[part].slow(200),
    end: ({ networks }, part) => networks[part].restore(),
    isAway: false,
  },
];

/** Without it commands wait; without the others they go on. */
const NEEDED: Part = 'event store';
const CASES = PARTS.flatMap((part) => FAULTS.map((fault) => ({ part, ...fault })));

engineSuite('ferretdb', (documents) =>
  engineSuite('redis', (jobs) => {
    describe(`two APIs and two workers under 200 commands a second (PERDURE_SEED=${SEED})`, () => {
      let deployment: Deployment;
      let load: Load | undefined;
      let urls: string[];

      beforeAll(async () => {
        deployment = await Deployment.start(documents(), jobs());
        urls = deployment.apis.map(({ api }) => api.url);
      }, 300_000);
      afterEach(async () => {
        await deployment.mend();
        await load?.end();
      }, 180_000);
      afterAll(() => deployment?.end(), 60_000);

      it.each(CASES.map((each, n) => ({ ...each, noun: `Fault${n}` })))(
        'lose nothing, do nothing twice and say what is wrong, $part: it $what',
        async ({ part, noun, isAway, isTold, begin, end }) => {
          load = new Load(urls, noun, SEED);
          await load.proceeds(100);

          await begin(deployment, part);
          if (isAway) await allName(part, deployment.all);
          if (!isAway || part !== NEEDED) await load.proceeds(50);
          if (isTold) await expectRefusal(part);
          await end(deployment, part);

          await load.proceeds(100);
          await load.end();
          await allAreReady(deployment.all);
          await expectAllOnce(load, deployment);
        },
        90_000,
      );

      /** What cannot be done without the part is refused in its words. */
      async function expectRefusal(part: Part): Promise<void> {
        if (part === 'jobs') return;
        const path = part === 'event store' ? '/api/v1/things/Any/one' : '/api/v1/things/Any';
        const { status, body } = await deployment.apis[0]!.api.send('GET', path);
        expect({ status, code: body['code'] }).toEqual({ status: 503, code: 'store-unavailable' });
      }
    });
  }),
);
