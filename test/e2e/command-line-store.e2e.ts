import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { freePort, PerdureProcess } from '#test/support/perdure-process';

let folder: string;
let data: string;
let url: string;
let server: PerdureProcess;

const at = (name: string) => join(folder, name);
const perdure = (...args: string[]) => new PerdureProcess(args, { PERDURE_DATA: data, PERDURE_URL: url }).ended;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perdure-'));
  data = at('data');
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  // The first call builds where that is needed.
  expect(await perdure('--version')).toMatchObject({ exitCode: 0 });
  server = new PerdureProcess(['start'], { PORT: port, PERDURE_DATA: data, PERDURE_LOG: 'error' });
  await server.up();
  const log = ['test/support/logs/orders.csv', '--noun', 'Order', '--id', 'case', '--verb', 'activity', '--time', 'at'];
  expect(await perdure('import', ...log, '--json')).toMatchObject({ exitCode: 0, stderr: '' });
}, 120_000);

afterAll(async () => {
  await PerdureProcess.killAll();
  await rm(folder, { recursive: true });
});

/** What it writes for programs: a document a line, and nothing else. Its exit code must be 0. */
async function json(...line: string[]) {
  const { exitCode, stdout, stderr } = await perdure(...line, '--json');
  expect({ line, exitCode, stderr: exitCode === 0 ? '' : stderr }).toEqual({ line, exitCode: 0, stderr: '' });
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((text) => JSON.parse(text));
}

async function create(noun: string, $id: string): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  await fetch(`${url}/api/v1/things/${noun}`, { method: 'POST', headers, body: JSON.stringify({ $id }) });
}

/** Each command that only looks, and what is in the first document that it writes. */
const looks: [line: string[], items: number, first: object][] = [
  [['objects', 'show', 'Order', 'order-1008'], 1, { type: 'Order', id: 'order-1008', revision: 6 }],
  [['objects', 'show', 'Order', 'order-1008', '--revision', '0'], 1, { revision: 0 }],
  [['objects', 'history', 'Order', 'order-1008'], 7, { type: 'Order.placed', revision: 0 }],
  [['objects', 'history', 'Order', 'order-1008', '--type', 'Order.paid', '--limit', '1'], 1, { type: 'Order.paid' }],
  [['objects', 'diff', 'Order', 'order-1008', '--from', '0', '--to', '3'], 1, { fromRevision: 0, toRevision: 3 }],
  [['objects', 'blame', 'Order', 'order-1008'], 1, { revision: 6 }],
  [['projections', 'list'], 7, { name: 'things', state: 'live', lagEvents: 0 }],
  [['projections', 'parked'], 0, {}],
  [['projections', 'parked', '--groups'], 0, {}],
  [['projections', 'rebuild', 'things', 'nouns'], 1, { kind: 'rebuild', state: 'done' }],
  [['operations', 'list', '--limit', '1'], 1, { kind: 'rebuild', state: 'done' }],
  [['audit', 'report'], 1, { refused: 0 }],
  [['audit', 'export', '--object-type', 'Order', '--object-id', 'order-1008'], 10, {}],
  [['doctor'], 1, { healthy: true }],
];

async function expectLooks(which: typeof looks, where: string[]): Promise<void> {
  for (const [line, items, first] of which) {
    const documents = await json(...line, ...where);
    const found = { line, items: documents.length, first: documents[0] ?? {} };
    expect(found).toEqual({ line, items, first: expect.objectContaining(first) });
  }
}

describe('against a running server', () => {
  it('every command that looks writes JSON for programs', () => expectLooks(looks, []), 120_000);

  it('and words for people, without colours where there is no terminal', async () => {
    const said = await Promise.all([
      perdure('objects', 'history', 'Order', 'order-1008'),
      perdure('objects', 'blame', 'Order', 'order-1008'),
      perdure('projections', 'list'),
      perdure('audit', 'report'),
      perdure('doctor'),
    ]);
    said.push(await perdure('projections', 'rebuild', '--all'));
    expect(said.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0, 0, 0]);
    const [history, blame, projections, report, doctor, rebuild] = said.map(({ stdout }) => stdout);
    expect(history).toMatch(/^6 +2026-03-07T12:44:22.340Z +Order.returned +anonymous:anonymous +Import of orders.csv/m);
    expect(blame).toMatch(/^\/data\/customer +"Grace Murray" +Order.placed +0 /m);
    expect(projections).toMatch(/^things +1 +live +\d+ +0 +0 +0$/m);
    expect(report).toMatch(/^From 20.* until 20.*\n.*\n\nin all *\nevents +\d+$/m);
    expect(doctor).toMatch(/^ok {4}projection things +version 1, live, up to date$/m);
    expect(rebuild).toMatch(/^things, .*: rebuilt$/m);
    // eslint-disable-next-line no-control-regex
    expect(said.map(({ stdout, stderr }) => stdout + stderr).join('')).not.toMatch(/\x1b/);
  }, 60_000);

  it('a projection can be paused and resumed, and the doctor says so', async () => {
    expect(await json('projections', 'pause', 'nouns')).toMatchObject([{ name: 'nouns', paused: true }]);
    const [{ checks }] = await json('doctor');
    expect(checks).toContainEqual(
      expect.objectContaining({ name: 'projection nouns', verdict: 'warn', cure: 'perdure projections resume nouns' }),
    );
    expect(await json('projections', 'resume', 'nouns')).toMatchObject([{ name: 'nouns', paused: false }]);
  }, 60_000);

  it('a tail can be gone on with from the position where it was stopped', async () => {
    const tailed = async (type: string, from: string, count: number) => {
      const tail = new PerdureProcess(['events', 'tail', '--from', from, '--object-type', type, '--json'], {
        PERDURE_URL: url,
      });
      while (tail.output.split('\n').length <= count) await tail.more();
      const { exitCode, stdout } = await tail.kill('SIGINT');
      expect(exitCode).toBe(130);
      return stdout.trimEnd().split('\n').map((line) => JSON.parse(line)); // prettier-ignore
    };
    const before = await tailed('Order', '0', 59);
    expect(before).toHaveLength(59);
    const { position } = before.at(-1);
    await create('Praise', 'first');
    const after = await tailed('Praise', position, 1);
    expect(after).toMatchObject([{ type: 'Praise.created', objectId: 'first', revision: 0 }]);
    expect(await json('events', 'show', after[0].id)).toMatchObject([{ type: 'Praise.created' }]);
    expect((await perdure('events', 'show', after[0].id)).stdout).toMatch(/^type +Praise.created$/m);
  }, 60_000);

  it('what a server exports is verified with the public key, and not with another one', async () => {
    const verdict = await json('audit', 'verify', '--key', join(data, 'audit.pub'));
    expect(verdict).toMatchObject([{ sound: true, records: expect.any(Number) }]);
    const { publicKey } = generateKeyPairSync('ed25519');
    await writeFile(at('other.pub'), publicKey.export({ type: 'spki', format: 'pem' }));
    expect(await perdure('audit', 'verify', '--key', at('other.pub'))).toMatchObject({ exitCode: 4, stdout: '' });
  }, 30_000);

  it('long work can be looked at, and is not stopped after its end', async () => {
    const [{ id }] = await json('operations', 'list', '--state', 'done', '--limit', '1');
    expect(await json('operations', 'show', id)).toMatchObject([{ id, state: 'done' }]);
    expect(await json('operations', 'follow', id)).toMatchObject([{ id, state: 'done' }]);
    expect(await perdure('operations', 'cancel', id)).toMatchObject({ exitCode: 1, stdout: '' });
    expect(await perdure('operations', 'resume', id)).toMatchObject({ exitCode: 1, stdout: '' });
  }, 30_000);

  it('personal data is erased with a reason, and the report says where', async () => {
    const name = { type: 'string', 'x-personal': true };
    const noun = { schema: { type: 'object', properties: { name } } };
    const headers = { 'content-type': 'application/json' };
    await fetch(`${url}/api/v1/nouns/Person`, { method: 'PUT', headers, body: JSON.stringify(noun) });
    const body = JSON.stringify({ $id: 'ada', name: 'Ada Lovelace' });
    await fetch(`${url}/api/v1/things/Person`, { method: 'POST', headers, body });
    expect(await json('subjects', 'show', 'Person-ada')).toMatchObject([{ status: 'active' }]);
    const said = await perdure('subjects', 'erase', 'Person-ada', '--reason', 'Für Ada ✓');
    expect(said).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^Erased at .*: Für Ada ✓$/m) });
    expect(said.stdout).toMatch(/^keys +destroyed +1 key destroyed/m);
    expect(await json('subjects', 'show', 'Person-ada')).toMatchObject([{ status: 'erased' }]);
    const [person] = await json('objects', 'show', 'Person', 'ada');
    expect(JSON.stringify(person)).not.toContain('Lovelace');
  }, 30_000);

  it('a reader that has enough ends a command quietly', async () => {
    const line = ['apps/cli/perdure.mjs', 'audit', 'export', '--url', url];
    const child = spawn(process.execPath, line, { env: { ...process.env, NODE_OPTIONS: '' } });
    child.stdout.destroy();
    let stderr = '';
    child.stderr.on('data', (text) => (stderr += text));
    const [exitCode] = await once(child, 'exit');
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  }, 30_000);

  it('Ctrl-C leaves a rebuild to the server, and says how to follow it', async () => {
    const operation = { id: 'op-1', kind: 'rebuild', state: 'running', done: 1, total: 10, requestedAt: 'now' };
    const slow = createServer((request, response) => {
      if (request.method === 'POST') return void response.end(JSON.stringify(operation));
      response.setHeader('content-type', 'text/event-stream');
      response.write(`event: progress\ndata: ${JSON.stringify(operation)}\n\n`, () => void rebuild.kill('SIGINT'));
    }).listen(0, '127.0.0.1');
    await once(slow, 'listening');
    const place = `http://127.0.0.1:${(slow.address() as AddressInfo).port}`;
    const rebuild = new PerdureProcess(['projections', 'rebuild', 'things', '--url', place]);
    expect(await rebuild.ended).toEqual({
      exitCode: 130,
      stdout: '',
      stderr: 'It goes on in the server. To see how far it is: perdure operations follow op-1\n',
    });
    slow.closeAllConnections();
    slow.close();
  }, 30_000);

  it.each([
    ['is killed', (response: ServerResponse) => response.destroy()],
    ['is ended', (response: ServerResponse) => response.end()],
  ])(
    'a rebuild says how to follow it where the server %s meanwhile',
    async (_, leave) => {
      const operation = { id: 'op-1', kind: 'rebuild', state: 'running', done: 1, total: 10, requestedAt: 'now' };
      const leaving = createServer((request, response) => {
        if (request.method === 'POST') return void response.end(JSON.stringify(operation));
        response.setHeader('content-type', 'text/event-stream');
        response.write(`event: progress\ndata: ${JSON.stringify(operation)}\n\n`, () => leave(response));
      }).listen(0, '127.0.0.1');
      await once(leaving, 'listening');
      const place = `http://127.0.0.1:${(leaving.address() as AddressInfo).port}`;
      expect(await perdure('projections', 'rebuild', 'things', '--url', place)).toEqual({
        exitCode: 1,
        stdout: '',
        stderr: 'The server went away; it goes on after its next start: perdure operations follow op-1\n',
      });
      leaving.closeAllConnections();
      leaving.close();
    },
    30_000,
  );

  it('a backup that is taken while writes go on is a whole beginning of the store', async () => {
    let writing = true;
    const writes = (async () => {
      for (let n = 0; writing; n++) await create('Busy', `while-${n}`);
    })();
    const [{ file, events }] = await json('backup', at('busy.perdure'));
    writing = false;
    await writes;
    expect({ file, events }).toEqual({ file: at('busy.perdure'), events: expect.any(Number) });
    expect(events).toBeGreaterThanOrEqual(60);
    expect(await json('restore', file, '--data', at('restored'))).toMatchObject([{ events }]);
  }, 60_000);
});

describe('on a store that no server has open', () => {
  beforeAll(async () => {
    const tail = new PerdureProcess(['events', 'tail', '--from', '0', '--json'], { PERDURE_URL: url });
    await tail.up();
    expect(await server.kill('SIGTERM')).toMatchObject({ exitCode: 0 });
    const { exitCode, stderr } = await tail.ended;
    expect({ exitCode, stderr }).toEqual({
      exitCode: 1,
      stderr: expect.stringMatching(/^The server has ended\. Go on afterwards with: --from [1-9]\d*\n$/),
    });
  });

  it('every command that looks writes JSON for programs', async () => {
    // One of a kind: each opens the store, which takes its time.
    const commands = Map.groupBy(looks, ([[group, name]]) => `${group} ${name}`);
    const first = [...commands.values()].map(([look]) => look!);
    await expectLooks(first, ['--data', data]);
  }, 180_000);

  it('an import knows what is there already', async () => {
    const columns = ['--noun', 'Order', '--id', 'case', '--verb', 'activity', '--time', 'at', '--data', data];
    const [report] = await json('import', 'test/support/logs/orders.csv', ...columns);
    expect(report).toMatchObject({ rows: 59, added: 0, known: 59, refused: 0 });
  }, 30_000);

  it('a copy goes on from a restored backup, so that both are the same', async () => {
    const line = ['--from', `sqlite:${data}/perdure.db`, '--to', `sqlite:${at('restored')}/perdure.db`];
    const behind = await perdure('compare', ...line, '--json');
    expect(behind.exitCode).toBe(4);
    expect(JSON.parse(behind.stdout)).toMatchObject({ same: false });
    expect((await perdure('copy', ...line, '--json')).exitCode).toBe(0);
    expect(await json('compare', ...line)).toMatchObject([{ same: true, differences: [] }]);
    expect(await json('objects', 'show', 'Order', 'order-1008', '--data', at('restored'))).toMatchObject([
      { revision: 6, state: { data: { customer: 'Grace Murray' } } },
    ]);
  }, 60_000);

  it('a damaged backup is refused before anything is restored, and says where it is damaged', async () => {
    const whole = readFileSync(at('busy.perdure'));
    const flipped = Buffer.from(whole);
    flipped[flipped.length >> 1]! ^= 1;
    const damaged: [string, Buffer][] = [
      ['truncated', whole.subarray(0, whole.length >> 1)],
      ['flipped', flipped],
      ['text', Buffer.from('no backup')],
    ];
    for (const [name, bytes] of damaged) {
      await writeFile(at(name), bytes);
      const ended = await perdure('restore', at(name), '--data', at(`from-${name}`));
      expect(ended).toMatchObject({
        exitCode: 1,
        stdout: '',
        stderr: expect.stringMatching(/^Line \d+ of the archive: /),
      });
      expect(existsSync(at(`from-${name}`))).toBe(false);
    }
    expect(await json('restore', at('busy.perdure'), '--verify-only')).toMatchObject([{ restoredTo: null }]);
  }, 60_000);

  it('a backup is not restored into a store that has other events', async () => {
    const other = ['--noun', 'Other', '--id', 'case', '--verb', 'activity', '--time', 'at'];
    const port = await freePort();
    const second = new PerdureProcess(['start'], { PORT: port, PERDURE_DATA: at('other'), PERDURE_LOG: 'error' });
    await second.up();
    const place = ['--url', `http://127.0.0.1:${port}`];
    await json('import', 'test/support/logs/orders.csv', ...other, ...place);
    await second.kill('SIGTERM');
    const ended = await perdure('restore', at('busy.perdure'), '--data', at('other'));
    expect(ended).toMatchObject({ exitCode: 1, stdout: '' });
    const left = await json('objects', 'history', 'Other', 'order-1008', '--data', at('other'));
    expect(left).toHaveLength(7);
  }, 60_000);

  it('the doctor tells keys that were lost from keys that were erased', async () => {
    const found = async (exitCode: number) => {
      const answer = await perdure('doctor', '--data', data, '--json');
      expect(answer.exitCode).toBe(exitCode);
      const { checks } = JSON.parse(answer.stdout) as { checks: { name: string }[] };
      return checks.filter(({ name }) => name === 'keys' || name === 'master key');
    };
    const master = { name: 'master key', verdict: 'ok' };
    expect(await found(0)).toMatchObject([master, { name: 'keys', verdict: 'ok' }]);
    await rename(join(data, 'keys.db'), at('keys.db'));
    const cure = expect.stringMatching(/bring the keys \(keys\.db\) back/);
    expect(await found(1)).toMatchObject([master, { name: 'keys', verdict: 'fail', found: cure }]);
    await rename(at('keys.db'), join(data, 'keys.db'));
    expect(await found(0)).toMatchObject([master, { name: 'keys', verdict: 'ok' }]);
  }, 60_000);

  it('a tampered store and a tampered export are found with the public key, and the event is named', async () => {
    const key = ['--key', join(data, 'audit.pub')];
    const sound = await json('audit', 'verify', ...key, '--data', data);
    expect(sound).toMatchObject([{ intact: true, findings: [] }]);
    await json('audit', 'export', '--data', data, '--output', at('all.ndjson'));
    expect(await json('audit', 'verify', ...key, '--export', at('all.ndjson'))).toMatchObject([{ sound: true }]);
    // The log may have been signed with several keys, one after the other: in files of their own, or in one.
    const other = readFileSync(at('other.pub'), 'utf8');
    await writeFile(at('both.pub'), other + readFileSync(join(data, 'audit.pub'), 'utf8'));
    for (const keys of [
      ['--key', at('other.pub'), ...key],
      ['--key', at('both.pub')],
    ]) {
      expect(await json('audit', 'verify', ...keys, '--data', data)).toMatchObject([{ intact: true }]);
      const verdict = await json('audit', 'verify', ...keys, '--export', at('all.ndjson'));
      expect(verdict).toMatchObject([{ sound: true }]);
    }

    const forged = readFileSync(at('all.ndjson'), 'utf8').replace('Grace Murray', 'Grace Hopper');
    await writeFile(at('forged.ndjson'), forged);
    const onExport = await perdure('audit', 'verify', ...key, '--export', at('forged.ndjson'));
    expect(onExport).toMatchObject({ exitCode: 4, stderr: expect.stringMatching(/^Line \d+: /) });

    const store = new DatabaseSync(`${data}/perdure.db`);
    const changed = store
      .prepare(
        `UPDATE events SET data = replace(CAST(data AS TEXT), 'Grace Murray', 'Grace Hopper') WHERE position = 2`,
      )
      .run();
    store.close();
    expect(changed.changes).toBe(1);
    const onStore = await perdure('audit', 'verify', ...key, '--data', data);
    expect(onStore.exitCode).toBe(4);
    expect(onStore.stdout).toMatch(/Order\.placed.*|main\.Order-/);
    expect(onStore.stderr).toBe('The log is not proven to be as it was signed.\n');
  }, 60_000);
});
