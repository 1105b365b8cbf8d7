import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApiClient, type ReadyReport } from '#test/support/api-client';
import { engineSuite } from '#test/support/engines/engine-suite';
import { freePort, PerdureProcess } from '#test/support/perdure-process';
import { ThingsClient } from '#test/support/things-client';

/** A process of Perdure's, and how to ask it. */
interface Running {
  readonly process: PerdureProcess;
  readonly api: ApiClient;
}

engineSuite('ferretdb', (documents) =>
  engineSuite('redis', (jobs) => {
    describe('two APIs and two workers over three engines', () => {
      let folder: string;
      let env: Record<string, string>;
      let apis: Running[];
      let workers: Running[];
      let written = 0;

      beforeAll(async () => {
        folder = await mkdtemp(join(tmpdir(), 'perdure-'));
        const eventsPort = await freePort();
        // An embedded Perdure is the EventStoreDB server of the others.
        await start('start', { PERDURE_DATA: folder, PERDURE_EVENTSTOREDB_PORT: eventsPort });
        env = {
          PERDURE_DATA: join(folder, 'none'),
          PERDURE_EVENT_STORE: `esdb://127.0.0.1:${eventsPort}?tls=false`,
          PERDURE_READ_STORE: documents().url,
          PERDURE_JOBS: jobs().url,
          PERDURE_WORKER: 'apart',
        };
        apis = await Promise.all([start('start', env), start('start', env)]);
        workers = await Promise.all([start('worker', env), start('worker', env)]);
      }, 120_000);
      afterAll(async () => {
        await PerdureProcess.killAll();
        await rm(folder, { recursive: true, force: true });
      }, 60_000);
      afterEach(() => documents().resume());

      /** Both APIs write, to different objects and to the same one; both must then list all of it. */
      const write = async (round: string): Promise<void> => {
        const sent = Array.from({ length: 20 }, (_, n) =>
          apis[n % 2]!.api.send('POST', '/api/v1/things/Order', { $id: `${round}-${n}`, n }),
        );
        expect(new Set((await Promise.all(sent)).map(({ status }) => status))).toEqual(new Set([201]));
        const shared = Array.from({ length: 10 }, (_, n) =>
          apis[n % 2]!.api.send('PATCH', `/api/v1/things/Order/${round}-0`, { [`by${n}`]: n }),
        );
        expect(new Set((await Promise.all(shared)).map(({ status }) => status))).toEqual(new Set([200]));
        written += 30;
      };
      const isListed = async (): Promise<void> => {
        for (const { api } of apis) await new ThingsClient(api.url).settled('Order', written);
      };
      const owned = ({ projections }: ReadyReport): string[] =>
        projections.flatMap(({ name, state }) => (state === 'live' || state === 'catching-up' ? [name] : []));

      const ownsAll = (report: ReadyReport): boolean => owned(report).length === report.projections.length;

      it('answer queries by what the workers project, each projection in one of them', async () => {
        await write('one');
        await isListed();
        const reports = await Promise.all(workers.map(({ api }) => api.ready()));
        const all = reports[0]!.projections.map(({ name }) => name);
        expect(all.length).toBeGreaterThan(2);
        expect(reports.flatMap(owned).sort()).toEqual(all.sort());
        const seen = await apis[0]!.api.readyWhen(({ projections }) =>
          projections.every((each) => each.lagSeconds === 0),
        );
        expect(seen.projections.map(({ name, state }) => [name, state]).sort()).toEqual(
          all.map((name) => [name, 'elsewhere']),
        );
      }, 60_000);

      it('go on in the other worker when one is killed', async () => {
        const reports = await Promise.all(workers.map(({ api }) => api.ready()));
        const [dying, living] = owned(reports[0]!).length > 0 ? workers : [...workers].reverse();
        await dying!.process.kill();
        await write('two');
        await isListed();
        await living!.api.readyWhen(ownsAll);
        workers = [living!, await start('worker', env)];
      }, 60_000);

      it('go on at once in the other worker when one is stopped', async () => {
        const [leaving, staying] = workers;
        expect((await leaving!.process.kill('SIGTERM')).exitCode).toBe(0);
        await write('three');
        await isListed();
        await staying!.api.readyWhen(ownsAll);
      }, 60_000);

      it('say that the read store hangs, take commands all the same, and recover by themselves', async () => {
        documents().pause();
        const away = await apis[0]!.api.readyWhen(({ status }) => status === 'not-ready');
        expect(away.parts.filter(({ ready }) => !ready).map(({ name }) => name)).toEqual(['read store']);
        expect((await apis[0]!.api.send('GET', '/health')).status).toBe(200);
        documents().resume();
        for (const { api } of apis) await api.readyWhen(({ status }) => status === 'ready');
        await write('four');
        await isListed();
      }, 90_000);

      it('say that the jobs are away, and recover by themselves', async () => {
        await jobs().kill();
        const away = await apis[1]!.api.readyWhen(({ status }) => status === 'not-ready');
        expect(away.parts.filter(({ ready }) => !ready).map(({ name }) => name)).toEqual(['jobs']);
        await jobs().start();
        await apis[1]!.api.readyWhen(({ status }) => status === 'ready');
        await write('five');
        await isListed();
      }, 90_000);
    });
  }),
);

/** Starts a command of the CLI and waits until it listens. */
async function start(command: 'start' | 'worker', settings: Record<string, string>): Promise<Running> {
  const port = await freePort();
  const name = command === 'start' ? 'PORT' : 'PERDURE_WORKER_PORT';
  const process = new PerdureProcess([command], { ...settings, [name]: port, PERDURE_LOG: 'warn' });
  await process.up().catch(async () => {
    throw new Error(`perdure ${command}: ${(await process.ended).stderr}`);
  });
  return { process, api: new ApiClient(`http://127.0.0.1:${port}`) };
}
