import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApiClient } from '#test/support/api-client';
import { engineSuite } from '#test/support/engines/engine-suite';
import { freePort, PerdureProcess } from '#test/support/perdure-process';

engineSuite('ferretdb', (documents) =>
  engineSuite('redis', (jobs) => {
    describe('a query after a command, where a worker projects', () => {
      let folder: string;
      let api: ApiClient;
      let worker: PerdureProcess;

      beforeAll(async () => {
        folder = await mkdtemp(join(tmpdir(), 'perdure-'));
        const eventsPort = await freePort();
        await start('start', { PERDURE_DATA: folder, PERDURE_EVENTSTOREDB_PORT: eventsPort });
        const env = {
          PERDURE_DATA: join(folder, 'none'),
          PERDURE_EVENT_STORE: `esdb://127.0.0.1:${eventsPort}?tls=false`,
          PERDURE_READ_STORE: documents().url,
          PERDURE_JOBS: jobs().url,
          PERDURE_WORKER: 'apart',
        };
        api = new ApiClient(`http://127.0.0.1:${(await start('start', env)).port}`);
        worker = (await start('worker', env)).process;
      }, 120_000);
      afterAll(async () => {
        await PerdureProcess.killAll();
        await rm(folder, { recursive: true, force: true });
      }, 60_000);

      const start = async (command: string, settings: Record<string, string>) => {
        const port = await freePort();
        const process = new PerdureProcess([command], {
          PORT: port,
          PERDURE_WORKER_PORT: port,
          PERDURE_LOG: 'off',
          ...settings,
        });
        await process.up();
        return { process, port };
      };
      const write = async (id: string): Promise<string> => {
        const response = await fetch(`${api.url}/api/v1/things/Order`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ $id: id }),
        });
        return response.headers.get('perdure-position')!;
      };

      it('sees what the command wrote, always; also where the projection passes over it', async () => {
        for (let n = 1; n <= 50; n++) {
          const after = await write(`o${n}`);
          const list = await api.send('GET', `/api/v1/things/Order?limit=1000&after=${after}&wait=20s`);
          expect(list.body['items']).toHaveLength(n);
          const related = `/api/v1/things/Order/o${n}/relationships?after=${after}&wait=20s`;
          expect((await api.send('GET', related)).status).toBe(200);
        }
      }, 120_000);

      it('is told how far the projection is behind, where the worker has gone', async () => {
        await worker.kill('SIGTERM');
        const after = await write('late');
        const { status, body } = await api.send('GET', `/api/v1/things/Order?after=${after}&wait=100ms`);
        expect([status, body]).toEqual([
          503,
          expect.objectContaining({
            code: 'projection-behind',
            projection: 'things',
            state: 'elsewhere',
            lagEvents: 1,
          }),
        ]);
      }, 60_000);
    });
  }),
);
