import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { VERSION } from '#platform/config/version';
import { freePort, PerdureProcess } from '#test/support/perdure-process';
import { ThingsClient } from '#test/support/things-client';

let folder: string;
let env: { PORT: string; PERDURE_DATA: string };
let url: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perdure-'));
  // The first call builds where that is needed, and says so.
  expect(await perdure('--help')).toMatchObject({ exitCode: 0 });
}, 60_000);

afterEach(() => PerdureProcess.killAll());

afterAll(() => rm(folder, { recursive: true }));

async function newStore(name: string): Promise<void> {
  env = { PORT: await freePort(), PERDURE_DATA: join(folder, name) };
  url = `http://127.0.0.1:${env.PORT}`;
}

async function started(): Promise<PerdureProcess> {
  const server = new PerdureProcess(['start'], env);
  await server.up();
  return server;
}

const perdure = (...args: string[]) => new PerdureProcess(args, env).ended;

describe('perdure import', () => {
  const columns = ['--id', 'case', '--verb', 'activity', '--time', 'at'];

  it('loses and doubles nothing when the server is killed again and again', async () => {
    await newStore('kills');
    const rows = enlarged(readFileSync('test/support/logs/orders.ndjson', 'utf8'), 40);
    let server = await started();
    const args = ['--noun', 'Order', ...columns, '--url', url, '--batch', '20'];
    const importing = new PerdureProcess(['import', '-', '--format', 'ndjson', ...args], env);
    const part = Math.ceil(rows.length / 8);
    for (let from = 0; from < rows.length; from += part) {
      await importing.feed(rows.slice(from, from + part).join(''));
      await server.kill();
      server = await started();
    }
    importing.endInput();
    const first = await importing.ended;
    expect(first).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^refused +0$/m) });

    const log = join(folder, 'orders.ndjson');
    await writeFile(log, rows.join(''));
    const { stdout } = await perdure('import', log, ...args);
    expect(stdout).toMatch(/^new +0$/m);

    const things = new ThingsClient(url);
    const listed = await things.settled('Order', rows.length);
    const cases = Map.groupBy(
      rows.map((row) => JSON.parse(row) as Record<string, string>),
      (row) => row['case']!,
    );
    expect(listed).toHaveLength(cases.size);
    for (const [id, expected] of cases) {
      const history = await things.history('Order', id);
      expect(history.map(({ type }) => type)).toEqual(expected.map((row) => `Order.${row['activity']}`));
    }
    await server.kill('SIGTERM');
  }, 180_000);

  it('goes on where it was killed itself', async () => {
    await newStore('killed');
    const rows = enlarged(readFileSync('test/support/logs/orders.ndjson', 'utf8'), 10);
    const log = join(folder, 'killed.ndjson');
    await writeFile(log, rows.join(''));
    const server = await started();
    const args = ['--noun', 'Order', ...columns, '--url', url, '--batch', '10'];
    const importing = new PerdureProcess(['import', '-', '--format', 'ndjson', ...args], env);
    await importing.feed(rows.slice(0, 200).join(''));
    const things = new ThingsClient(url);
    while ((await things.list('Order')).length === 0);
    await importing.kill();
    const { exitCode } = await perdure('import', log, ...args);
    expect(exitCode).toBe(0);
    await things.settled('Order', rows.length);
    await server.kill('SIGTERM');
  }, 60_000);

  it('ends with the exit code that tells what happened', async () => {
    await newStore('codes');
    const server = await started();
    const log = join(folder, 'bad.csv');
    await writeFile(log, 'id,what,when\na,one,2026-01-01\na,two,never\na,three,2026-01-03\n');
    const args = [log, '--noun', 'Case', '--id', 'id', '--verb', 'what', '--time', 'when', '--url', url];

    expect(await perdure('import', ...args, '--strict')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/^line 3: 'never' in 'when'.*\nStopped at the first bad row/),
    });
    expect(await perdure('import', ...args)).toMatchObject({
      exitCode: 3,
      stdout: expect.stringMatching(/^rows +3\ncases +1\nnew +1\nalready there +1\nrefused +1\n/),
    });
    expect(await perdure('import', ...args, '--id', 'ID')).toMatchObject({
      exitCode: 2,
      stderr: "There is no column 'ID'. With ',' between them the columns are: id, what, when\n",
    });
    expect(await perdure('import', log)).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('--noun') });
    expect(await perdure('import', '--help')).toMatchObject({ exitCode: 0, stderr: '' });

    expect(await server.kill('SIGTERM')).toMatchObject({ exitCode: 0 });
    expect(await perdure('import', ...args, '--wait', '0')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(
        /nothing listens there.*run the same import again: it goes on where it stopped\.\n$/s,
      ),
    });
  }, 60_000);
});

describe('perdure demo --once', () => {
  it('plays its sample on an empty store and again on one that has data', async () => {
    await newStore('demo');
    for (const store of ['empty', 'used']) {
      const { exitCode, stdout, stderr } = await perdure('demo', '--once');
      expect({ store, exitCode, stderr }).toEqual({ store, exitCode: 0, stderr: '' });
      expect(stdout).toContain('Order.ship at revision 2');
      expect(stdout).toContain('/reference');
      // eslint-disable-next-line no-control-regex
      expect(stdout).not.toMatch(/\x1b/);
    }
  }, 60_000);
});

describe('perdure start', () => {
  it('says which port is taken', async () => {
    await newStore('port');
    const server = await started();
    const second = await new PerdureProcess(['start'], { ...env, PERDURE_DATA: join(folder, 'other') }).ended;
    expect(second).toMatchObject({ exitCode: 1, stderr: expect.stringContaining(`Port ${env.PORT} is taken.`) });
    await server.kill('SIGTERM');
  }, 60_000);

  it('says in words alone why it cannot start', async () => {
    await newStore('wrong');
    const file = join(folder, 'file');
    await writeFile(file, '');
    const wrong: [Record<string, string>, string][] = [
      [{ PORT: 'abc' }, 'The environment is not right:\n  PORT=abc must be a whole number from 0 to 65535.\n'],
      [
        { HOST: '192.0.2.1' },
        'HOST=192.0.2.1 is no address of this machine. Leave it out to listen on this machine only.\n',
      ],
      [
        { PERDURE_DATA: file },
        `${file}/perdure.db cannot be: a part of its path is a file, not a folder. Name another PERDURE_DATA.\n`,
      ],
    ];
    for (const [settings, stderr] of wrong) {
      const ended = await new PerdureProcess(['start'], { ...env, ...settings }).ended;
      expect(ended).toEqual({ exitCode: 1, stdout: '', stderr });
    }
  }, 60_000);

  it.each(['event-store', 'read-store'])(
    'leaves a store alone whose %s is of a newer version',
    async (component) => {
      await newStore(`newer-${component}`);
      const server = await started();
      await server.kill('SIGTERM');
      const store = new DatabaseSync(`${env.PERDURE_DATA}/perdure.db`);
      store.prepare('UPDATE schema_versions SET version = 99 WHERE component = ?').run(component);
      store.close();
      const { exitCode, stderr } = await perdure('start');
      expect(exitCode).toBe(1);
      expect(stderr).toMatch(
        new RegExp(
          `perdure\\.db has version 99 of the ${component} tables; this Perdure knows \\d+\\. Update Perdure\\.`,
        ),
      );
    },
    60_000,
  );

  it('ends with the shell that npm started it in', async () => {
    await newStore('npm');
    const shell = spawn('sh', ['-c', '"$0" apps/cli/perdure.mjs start; exit', process.execPath], {
      env: { ...process.env, NODE_OPTIONS: '', ...env, npm_lifecycle_event: 'start' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(shell.stdout, 'data');
    shell.kill('SIGTERM');
    // The pipe closes when the last process that writes to it has ended: the server.
    await once(shell.stdout.resume(), 'close');
    await expect(fetch(`${url}/health`)).rejects.toThrow('fetch failed');
  }, 60_000);
});

describe('perdure --version', () => {
  it('says which it is', async () => {
    expect(await perdure('--version')).toEqual({ exitCode: 0, stdout: `${VERSION}\n`, stderr: '' });
  });
});

/** The log so many times over, each time with cases of its own; one line a row. */
function enlarged(log: string, times: number): string[] {
  const rows = log.trimEnd().split('\n');
  return Array.from({ length: times }, (_, copy) =>
    rows.map((row) => `${row.replace(/"case": ?"/, (start) => `${start}${copy}-`)}\n`),
  ).flat();
}
