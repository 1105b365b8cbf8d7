import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import supertest from 'supertest';
import { serve, type Server } from '#apps/api/main';

const run = promisify(execFile);

describe('a move from one event store to another', () => {
  let folder: string;
  let server: Server;
  let store: (name: string) => string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'perdure-'));
    store = (name) => `sqlite:${join(folder, `${name}.db`)}`;
  });
  afterEach(async () => {
    await server.close().catch(() => {});
    await rm(folder, { recursive: true });
  });

  const start = async (settings: Record<string, string>): Promise<void> => {
    server = await serve({
      ...{ PORT: '0', PERDURE_DATA: folder, PERDURE_LOG: 'error', PERDURE_READ_STORE: store('views') },
      ...settings,
    });
  };
  const api = () => supertest(server.url);
  const create = async (id: string): Promise<void> => {
    const answer = await api().post('/api/v1/things/Order').set('Idempotency-Key', `create-${id}`).send({ $id: id });
    expect(answer.status).toBe(201);
  };
  const listed = async (): Promise<string[]> => {
    const { body } = await api().get('/api/v1/things/Order').expect(200);
    return (body as { items: { $id: string }[] }).items.map(({ $id }) => $id);
  };
  const eventually = async (expected: readonly string[]): Promise<void> => {
    const deadline = performance.now() + 10_000;
    for (let found: string[] = []; ; found = await listed()) {
      if (JSON.stringify(found) === JSON.stringify(expected)) return;
      if (performance.now() > deadline) throw new Error(`Still ${found.join()} after 10 s.`);
    }
  };
  const perdure = async (...line: string[]): Promise<{ code: number; text: string }> => {
    const ended = await run(process.execPath, ['apps/cli/perdure.mjs', ...line]).catch((error: unknown) => error);
    const { code = 0, stdout, stderr } = ended as { code?: number; stdout: string; stderr: string };
    return { code, text: stdout + stderr };
  };

  it('goes through its phases without losing a command or a view', async () => {
    await start({ PERDURE_EVENT_STORE: store('old') });
    await create('a');
    await server.close();

    const both = { PERDURE_EVENT_STORE: store('old'), PERDURE_EVENT_STORE_MIRROR: store('new') };
    await start(both);
    await create('b');
    await eventually(['a', 'b']);
    await server.close();

    await start({ ...both, PERDURE_READ_EVENTS_FROM: 'mirror' });
    await create('c');
    await create('d');
    expect((await api().get('/api/v1/things/Order/d')).status).toBe(200);
    await eventually(['a', 'b', 'c', 'd']);
    const { text: metrics } = await api().get('/metrics');
    expect(metrics).toMatch(/event_store_mirror_live(\{.*\})? 1/);
    await server.close();

    expect(await perdure('compare', '--from', store('old'), '--to', store('new'))).toMatchObject({ code: 0 });
    await start({ PERDURE_EVENT_STORE: store('new') });
    const again = await api().post('/api/v1/things/Order').set('Idempotency-Key', 'create-a').send({ $id: 'a' });
    expect(again.status).toBe(201);
    await create('e');
    await eventually(['a', 'b', 'c', 'd', 'e']);
    expect((await api().get('/api/v1/things/Order/a/history')).body).toMatchObject({ items: [{ revision: 0 }] });
  }, 60_000);

  it('can be made by one command, which says what is not the same', async () => {
    await start({ PERDURE_EVENT_STORE: store('old') });
    for (let n = 0; n < 20; n++) await create(`order-${n}`);
    await server.close();

    const line = ['--from', store('old'), '--to', store('new')];
    const copied = await perdure('copy', ...line);
    // With the head of the audit tree, which was signed at the end.
    expect(copied).toMatchObject({ code: 0, text: expect.stringContaining('21 events copied') });
    expect(copied.text).toContain('Same: every event');
    expect((await perdure('copy', ...line)).text).toContain('0 events copied');

    await start({ PERDURE_EVENT_STORE: store('new') });
    await create('new-only');
    await server.close();
    const compared = await perdure('compare', ...line);
    expect(compared.code).toBe(4);
    expect(compared.text).toContain('main.Order-new-only: Only the copy has it');

    const nowhere = expect.objectContaining({ code: 1, text: expect.stringContaining('There is no store at') });
    expect(await perdure('copy', '--from', store('nowhere'), '--to', store('other'))).toEqual(nowhere);
    expect(await perdure('compare', '--from', store('old'), '--to', store('nowhere'))).toEqual(nowhere);
  }, 60_000);
});
