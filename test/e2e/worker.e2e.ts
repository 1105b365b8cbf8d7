import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, PerdureProcess } from '#test/support/perdure-process';

let folder: string;
let env: { PORT: string; PERDURE_DATA: string };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perdure-'));
  env = { PORT: await freePort(), PERDURE_DATA: folder };
  await new PerdureProcess(['--help'], env).ended;
}, 60_000);
afterEach(() => PerdureProcess.killAll());
afterAll(() => rm(folder, { recursive: true }));

describe('a start whose settings do not fit together', () => {
  const cure = (name: string, url: string) =>
    `${name}=sqlite:${join(folder, 'perdure.db')} is open to one process only, and .+ needs two: set ${name}=${url}`;

  it.each([
    ['perdure worker', ['worker'], {}, 'run no worker'],
    ['perdure start with PERDURE_WORKER=apart', ['start'], { PERDURE_WORKER: 'apart' }, 'leave PERDURE_WORKER out'],
  ])('refuses on SQLite files, and says what to set: %s', async (_, args, more, instead) => {
    const { exitCode, stdout, stderr } = await new PerdureProcess(args, { ...env, ...more }).ended;
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toMatch(new RegExp(cure('PERDURE_EVENT_STORE', 'esdb://')));
    expect(stderr).toMatch(new RegExp(cure('PERDURE_READ_STORE', 'mongodb://')));
    expect(stderr).toMatch(new RegExp(cure('PERDURE_JOBS', 'redis://')));
    expect(stderr).toContain(instead);
  });

  it('says which port of the two is taken', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    const { port } = taken.address() as { port: number };
    const start = new PerdureProcess(['start'], { ...env, PERDURE_EVENTSTOREDB_PORT: String(port) });
    const { exitCode, stderr } = await start.ended;
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`PERDURE_EVENTSTOREDB_PORT=${port} cannot be listened on at 127.0.0.1; it may be taken.`);
    taken.close();
  });
});

describe('a start', () => {
  it('writes its settings down once, without passwords', async () => {
    const file = join(folder, 'read.db?token=');
    const server = new PerdureProcess(['start'], { ...env, PERDURE_READ_STORE: `sqlite:${file}hush` });
    await server.up();
    await fetch(`http://127.0.0.1:${env.PORT}/ready`);
    const { stdout } = await server.kill('SIGTERM');
    const lines = stdout.split('\n').filter((line) => line.includes('PERDURE_READ_STORE'));
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0]!)).toMatchObject({
      settings: { PORT: env.PORT, PERDURE_DATA: folder, PERDURE_READ_STORE: `sqlite:${file}***` },
    });
    expect(stdout).not.toContain('hush');
  });
});
