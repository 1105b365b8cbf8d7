import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { PerdureProcess } from '#test/support/perdure-process';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perdure-'));
  // The first call builds where that is needed, and says so.
  await perdure({}, '--version');
}, 60_000);
afterAll(() => rm(folder, { recursive: true }));

const perdure = (env: Record<string, string>, ...line: string[]) =>
  new PerdureProcess(line, { PERDURE_DATA: join(folder, 'none'), PERDURE_URL: 'http://127.0.0.1:9', ...env }).ended;

describe('a command line that is not understood', () => {
  it.each<[line: string[], hint: RegExp]>([
    [[], /^Usage: perdure /],
    [['frob'], /unknown command 'frob'/],
    [['--frob'], /unknown option '--frob'/],
    [['objects'], /^Usage: perdure objects /],
    [['objects', 'frob'], /There is no 'objects frob'\. There is: show, history, diff, blame\./],
    [['objects', 'show', 'Order'], /missing required argument 'id'/],
    [['objects', 'show', 'Order', 'a', 'b'], /too many arguments/],
    [['objects', 'show', 'Order', 'a', '--revision', '-1'], /'-1' is invalid\. Write a whole number from 0 /],
    [['objects', 'history', 'Order', 'a', '--limit', '0'], /'0' is invalid\. Write a whole number from 1 /],
    [['objects', 'history', 'Order', 'a', '--order', 'up'], /--order up is not among the choices: asc, desc/],
    [['events', 'tail', '--from', 'now'], /'now' is invalid\. Write a position/],
    [['events', 'tail', '--url', 'localhost:3000'], /Write it like http:\/\/localhost:3000/],
    [['audit', 'report', '--from', 'soon'], /'soon' is invalid\. Write a time such as 2026-05-17/],
    [['audit', 'verify'], /required option '--key <file>'/],
    [['audit', 'verify', '--key', 'nowhere.pub'], /There is no public key at nowhere\.pub/],
    [['projections', 'rebuild'], /Name the projections, or say --all/],
    [['projections', 'rebuild', 'things', '--data', '.', '--no-wait'], /--no-wait needs a server/],
    [['projections', 'parked', '--skip', 'x'], /Say why it is skipped/],
    [['subjects', 'erase', 'ada'], /required option '--reason <text>'/],
    [['restore', 'x'], /Say where to: --data <folder> or --store <url>/],
    [['compare', '--from', 'here', '--to', 'there'], /Write sqlite:<file> or esdb:/],
    [['import', 'x.csv', '--noun', 'X', '--batch', '9999'], /Write a whole number from 1 to 1000/],
  ])(
    'ends with 2 and a hint: %j',
    async (line, hint) => {
      expect(await perdure({}, ...line)).toEqual({ exitCode: 2, stdout: '', stderr: expect.stringMatching(hint) });
    },
    30_000,
  );
});

describe('what cannot be done', () => {
  it.each<[line: string[], cure: RegExp]>([
    [['projections', 'list'], /^Cannot reach Perdure at .*--url.*--data/],
    [['projections', 'list', '--data', '/nowhere'], /^There is no folder \/nowhere\. Name one with a store in it\.$/m],
    [['objects', 'show', 'Order', 'a', '--data', tmpdir()], /^There is no store in .*perdure\.db is not there/],
    [['openapi', '--output', '/nowhere/openapi.json'], /^ENOENT: .*'\/nowhere\/openapi\.json'$/m],
    [['restore', 'nowhere', '--data', '/nowhere'], /^There is no file nowhere\.$/m],
  ])(
    'ends with 1 and names the cure: %j',
    async (line, cure) => {
      expect(await perdure({}, ...line)).toEqual({ exitCode: 1, stdout: '', stderr: expect.stringMatching(cure) });
    },
    30_000,
  );
});

describe('what follows from the code', () => {
  it('is printed, and compared with a file', async () => {
    const { stdout } = await perdure({}, 'openapi', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ openapi: '3.1.0' });
    const file = join(folder, 'openapi.json');
    expect(await perdure({}, 'openapi', '--output', file)).toMatchObject({ exitCode: 0, stdout: '' });
    expect(await perdure({}, 'openapi', '--check', file)).toMatchObject({ exitCode: 0, stdout: '' });
    const stale = await perdure({}, 'openapi', '--check', 'package.json');
    expect(stale).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('npm run generate') });
    const { stdout: schema } = await perdure({}, 'graphql-schema', '--json');
    expect(JSON.parse(schema)).toEqual({ schema: expect.stringContaining('type Query') });
  }, 60_000);
});

describe('a server with --json', () => {
  it.each(['start', 'demo --once'])(
    'says what it says as lines of JSON: %s',
    async (line) => {
      const env = { PORT: '0', PERDURE_DATA: join(folder, line.slice(0, 4)) };
      const server = new PerdureProcess([...line.split(' '), '--json'], env);
      await server.up();
      while (line === 'start' && !/^\{"url":"http:/m.test(server.output)) await server.more();
      const { exitCode, stdout } = await (line === 'start' ? server.kill('SIGTERM') : server.ended);
      expect(exitCode).toBe(0);
      const lines = stdout.trim().split('\n').map((text) => JSON.parse(text)); // prettier-ignore
      expect(lines.length).toBeGreaterThan(1);
    },
    30_000,
  );
});

describe('perdure doctor', () => {
  async function failing(env: Record<string, string>, ...line: string[]) {
    const { exitCode, stdout, stderr } = await perdure(env, 'doctor', ...line, '--json');
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: '' });
    const { checks } = JSON.parse(stdout);
    return checks.filter(({ verdict }: { verdict: string }) => verdict !== 'ok');
  }

  it('names each setting that is wrong, and keeps secrets to itself', async () => {
    const env = { PORT: 'abc', PERDURE_DURABILITY: 'maybe', PERDURE_MASTER_KEY: 'hush', PERDURE_PROT: '1' };
    const found = await failing(env);
    expect(JSON.stringify(found)).not.toContain('hush');
    expect(found).toMatchObject([
      { verdict: 'fail', found: 'PORT=abc must be a whole number from 0 to 65535.' },
      { verdict: 'fail', found: expect.stringMatching(/^PERDURE_MASTER_KEY=\*\*\* must be 32 bytes in base64/) },
      { verdict: 'fail', found: 'PERDURE_DURABILITY=maybe must be one of: full, normal.' },
      { verdict: 'warn', found: "PERDURE_PROT is no setting of Perdure's" },
      { name: 'server', verdict: 'fail' },
    ]);
  }, 30_000);

  it('leaves a store alone that a newer Perdure has written, or an older one, or none', async () => {
    const files: [name: string, make: (store: DatabaseSync) => void, found: object][] = [
      ['newer', tables(99), { name: 'schema', verdict: 'fail', cure: expect.stringContaining('Update Perdure') }],
      ['older', tables(1), { name: 'schema', verdict: 'warn', cure: expect.stringContaining('backup') }],
      ['foreign', (store) => store.exec('CREATE TABLE t (x)'), { name: 'store file', verdict: 'fail' }],
    ];
    for (const [name, make, expected] of files) {
      await mkdir(join(folder, name));
      const store = new DatabaseSync(join(folder, name, 'perdure.db'));
      make(store);
      store.close();
      const { stdout } = await perdure({}, 'doctor', '--data', join(folder, name), '--json');
      expect(JSON.parse(stdout).checks).toContainEqual(expect.objectContaining(expected));
      const after = new DatabaseSync(join(folder, name, 'perdure.db'), { readOnly: true });
      expect(after.prepare("SELECT count(*) AS n FROM sqlite_schema WHERE type = 'table'").get()!['n']).toBe(1);
      after.close();
    }
  }, 30_000);

  function tables(version: number): (store: DatabaseSync) => void {
    return (store) =>
      store.exec(`
        PRAGMA application_id = ${0x50455244};
        CREATE TABLE schema_versions (component TEXT PRIMARY KEY, version INTEGER NOT NULL);
        INSERT INTO schema_versions VALUES ('event-store', ${version});
      `);
  }
});
