import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { cpSync, readdirSync, symlinkSync } from 'node:fs';
import { appendFile, mkdtemp, rm, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { freePort, PerdureProcess } from '#test/support/perdure-process';

let checkout: string;

beforeAll(async () => {
  await new PerdureProcess(['--version']).ended;
  // What the tests beside this one use must not be built anew under them.
  checkout = await mkdtemp(join(tmpdir(), 'perdure-dev-'));
  const parts = ['apps', 'modules', 'read-models', 'projections', 'migrations', 'dist'];
  const files = readdirSync('.', { withFileTypes: true }).filter((entry) => entry.isFile());
  for (const name of [...parts, ...files.map((file) => file.name)]) {
    cpSync(name, join(checkout, name), { recursive: true, preserveTimestamps: true });
  }
  symlinkSync(resolve('node_modules'), join(checkout, 'node_modules'));
}, 60_000);

afterEach(() => PerdureProcess.killAll());
afterAll(() => rm(checkout, { recursive: true }));

describe('perdure dev', () => {
  it('serves anew when a source has changed, and leaves nobody behind', async () => {
    const port = await freePort();
    const env = { PORT: port, PERDURE_DATA: join(checkout, 'data') };
    const dev = new PerdureProcess(['dev'], env, join(checkout, 'apps', 'cli', 'perdure.mjs'));
    const served = async (times: number): Promise<void> => {
      while (dev.output.split('Perdure serves on').length <= times) await dev.more();
    };
    await served(1);
    expect((await fetch(`http://127.0.0.1:${port}/ready`)).status).toBe(200);
    expect(dev.output).toMatch(/^\d\d:\d\d:\d\d\.\d{3} info Running with these settings\./m);

    await appendFile(join(checkout, 'modules', 'platform', 'config', 'version.ts'), '\n// Changed.\n');
    await served(2);
    expect((await fetch(`http://127.0.0.1:${port}/ready`)).status).toBe(200);
    expect(await dev.kill('SIGINT')).toMatchObject({
      exitCode: 0,
      stderr: expect.stringContaining('Sources have changed'),
    });
    await expect(fetch(`http://127.0.0.1:${port}/health`)).rejects.toThrow('fetch failed');
  }, 120_000);

  it('says where there are no sources', async () => {
    await unlink(join(checkout, 'tsconfig.json'));
    const ended = await new PerdureProcess(['dev'], {}, join(checkout, 'apps', 'cli', 'perdure.mjs')).ended;
    expect(ended).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("'perdure start' serves it") });
  }, 30_000);
});
