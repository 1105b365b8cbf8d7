import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasEnded, type Operation } from '#platform/operations/operation';
import { ApiClient } from '#test/support/api-client';
import { engineSuite } from '#test/support/engines/engine-suite';
import { freePort, PerdureProcess } from '#test/support/perdure-process';
import { ThingsClient } from '#test/support/things-client';

engineSuite('ferretdb', (documents) =>
  engineSuite('redis', (jobs) => {
    describe('a rebuild that an API asks for and workers carry out', () => {
      let folder: string;
      let env: Record<string, string>;
      let api: ApiClient;
      const written = 60;

      const start = async (command: 'start' | 'worker', more: Record<string, string>) => {
        const port = await freePort();
        const ports: Record<string, string> = command === 'start' ? { PORT: port } : { PERDURE_WORKER_PORT: port };
        const process = new PerdureProcess([command], { PERDURE_LOG: 'error', ...more, ...ports });
        await process.up();
        return { process, api: new ApiClient(`http://localhost:${port}`) };
      };
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
        ({ api } = await start('start', env));
      }, 120_000);
      afterAll(async () => {
        await PerdureProcess.killAll();
        await rm(folder, { recursive: true, force: true });
      }, 60_000);

      const ended = async (id: string): Promise<Operation> => {
        for (;;) {
          const { body } = await api.send('GET', `/api/v1/operations/${id}`);
          const operation = body as unknown as Operation;
          if (hasEnded(operation)) return operation;
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
      };

      it('is done by another one when a worker is killed', async () => {
        const [doomed] = await Promise.all([start('worker', env), start('worker', env)]);
        for (let n = 0; n < written; n++) await api.send('POST', '/api/v1/things/Order', { $id: `o${n}`, n });
        await new ThingsClient(api.url).settled('Order', written);
        const { status, body } = await api.send('POST', '/api/v1/projections/rebuilds', {
          projections: ['things', 'nouns'],
        });
        expect(status).toBe(202);
        await doomed.process.kill('SIGKILL');
        expect(await ended(body['id'] as string)).toMatchObject({ state: 'done' });
        await new ThingsClient(api.url).settled('Order', written);
        await api.send('POST', '/api/v1/things/Order', { $id: 'later' });
        await new ThingsClient(api.url).settled('Order', written + 1);
      }, 120_000);

      it('so is a copy as of a position, which the API answers from', async () => {
        const { body } = await api.send('POST', '/api/v1/read-models/things/as-of', { at: '2100-01-01T00:00:00Z' });
        const { result } = await ended(body['id'] as string);
        expect(result).toMatchObject({ documents: written + 1 });
        const query = `${result!['query'] as string}?limit=1&where={"thingId":"o7"}`;
        expect((await api.send('GET', query)).body).toMatchObject({ items: [{ document: { thingId: 'o7' } }] });
      }, 60_000);
    });
  }),
);
