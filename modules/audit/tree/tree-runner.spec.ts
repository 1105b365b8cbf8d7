import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { copyFile, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Leases } from '#platform/projecting/leases';
import { SqliteEventStore } from '#platform/event-store/sqlite-event-store.adapter';
import { SqliteReadStore } from '#platform/read-store/sqlite-read-store.adapter';
import { eventOf, signTree } from '#test/support/audited-store';
import { ManualClock } from '#test/support/manual-clock';
import { ManualStopwatch } from '#test/support/manual-stopwatch';
import { AuditKey } from '../heads/audit-key.js';
import { HeadSigner } from '../heads/head-signer.js';
import { SignedHeads } from '../heads/signed-heads.js';
import { verifySignedHead } from '../heads/signed-head.js';
import { AuditTree } from './audit-tree.js';
import { auditTiles } from './tiles.js';
import { TreeRunner } from './tree-runner.js';

let folder: string;
let events: SqliteEventStore;
let documents: SqliteReadStore;
let key: AuditKey;
let lines: string[];
const clock = new ManualClock();
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perdure-audit-'));
  lines = [];
  await open();
  key = await AuditKey.load(join(folder, 'audit.key'));
});
afterEach(async () => {
  await close();
  await rm(folder, { recursive: true });
});

async function open(): Promise<void> {
  events = await SqliteEventStore.open(join(folder, 'events.db'), { clock, durability: 'normal' });
  documents = await SqliteReadStore.open(join(folder, 'documents.db'), { durability: 'normal' });
}
async function close(): Promise<void> {
  await events.close();
  await documents.close();
}
async function append(from: number, to: number): Promise<void> {
  for (let n = from; n < to; n++) await events.append('main.task-1', 'any', [eventOf(n)]);
}

/** A runner with a time of its own. */
function runner(options: { leases?: Leases; stopwatch?: ManualStopwatch } = {}) {
  const stopwatch = options.stopwatch ?? new ManualStopwatch();
  const log = (line: string): unknown => lines.push(line);
  const logger = { log, warn: log, error: log };
  const tree = new AuditTree(events, documents);
  const signer = new HeadSigner(key, new SignedHeads(events), tree, clock, logger);
  const own = new TreeRunner(events, documents, tree, signer, { ...options, stopwatch, logger, pageSize: 50 });
  return { own, stopwatch, tree };
}
const sizes = async (): Promise<(number | undefined)[]> =>
  (await new SignedHeads(events).page({ limit: 100 })).heads.map(({ head }) => head?.size);

/** Lets time go by, a step at each look, until it is so. Files take time of their own, by no stopwatch. */
async function until(isSo: () => boolean | Promise<boolean>, stopwatch: ManualStopwatch, step = 1_000): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error('It does not come to that.');
    await setTimeout(1);
    await stopwatch.advance(step);
  }
}

describe('the runner of the tree', () => {
  it('signs at once what was left unsigned, then once in a while where the log has grown, and at the end', async () => {
    await append(0, 120);
    const { own, stopwatch } = runner();
    await own.start();
    await until(() => own.status.signed === 120, stopwatch);
    await append(120, 130);
    await until(() => own.status.size === 130, stopwatch, 20);
    expect(own.status).toEqual({ state: 'live', size: 130, signed: 120 });
    await until(() => own.status.signed === 130, stopwatch);
    await stopwatch.advance(200_000);
    expect(await sizes()).toEqual([120, 130]);
    await append(130, 131);
    await own.stop();
    expect(await sizes()).toEqual([120, 130, 131]);
    expect(own.status).toEqual({ state: 'stopped', size: 131, signed: 131 });
    expect(lines).toEqual([]);

    const note = await readFile(join(folder, 'audit.head'), 'utf8');
    expect(verifySignedHead(note, key.publicKey)).toMatchObject({ size: 131, at: '2026-01-01T00:00:00.000Z' });
    expect((await stat(join(folder, 'audit.key'))).mode & 0o777).toBe(0o600);
    expect(await readFile(join(folder, 'audit.pub'), 'utf8')).toBe(key.publicPem);
    expect((await AuditKey.load(join(folder, 'audit.key'))).keyId).toBe(key.keyId);
  });

  it('signs nothing where there is nothing', async () => {
    const { own, stopwatch } = runner();
    await own.start();
    await until(() => own.status.state === 'live', stopwatch);
    await own.stop();
    expect(await sizes()).toEqual([]);
  });

  it('signs no more where an older state of the store was put in its place', async () => {
    await append(0, 100);
    await runThrough();
    await close();
    await copyFile(join(folder, 'events.db'), join(folder, 'older.db'));
    await copyFile(join(folder, 'documents.db'), join(folder, 'older-documents.db'));
    await open();
    await append(100, 200);
    await runThrough();
    await close();
    await copyFile(join(folder, 'older.db'), join(folder, 'events.db'));
    await copyFile(join(folder, 'older-documents.db'), join(folder, 'documents.db'));
    await open();
    await append(300, 350);

    const { own, stopwatch } = runner();
    await own.start();
    await until(() => own.status.refusal !== undefined, stopwatch);
    expect(own.status).toMatchObject({
      state: 'live',
      size: 150,
      refusal: expect.stringMatching(/200 events were signed .* has 150/),
    });
    // More events do not make it right.
    await append(350, 450);
    await until(() => /not the same any more/.test(own.status.refusal ?? ''), stopwatch);
    expect(await sizes()).toEqual([100]);
    expect(lines.filter((line) => line.includes('not signed any more'))).toHaveLength(2);
    // Who has restored it on purpose says so.
    await rm(join(folder, 'audit.head'));
    await until(() => own.status.refusal === undefined, stopwatch);
    await own.stop();
    expect(await sizes()).toEqual([100, 250]);
  });

  it('signs no more where events were changed and the tree is built from them', async () => {
    await append(0, 100);
    await runThrough();
    await close();
    const { DatabaseSync } = await import('node:sqlite');
    const file = new DatabaseSync(join(folder, 'events.db'));
    file.exec(`UPDATE events SET type = 'task.forged' WHERE position = 40`);
    file.close();
    await rm(join(folder, 'documents.db'));
    await open();
    await append(100, 110);
    const { own, stopwatch } = runner();
    await own.start();
    await until(() => own.status.refusal !== undefined, stopwatch);
    await own.stop();
    expect(own.status.refusal).toContain('not the same any more');
    expect(await sizes()).toEqual([100]);
  });

  it('signs no more where the last head is not as it was signed', async () => {
    await append(0, 10);
    await runThrough();
    await events.append('$audit-heads', 'any', [{ ...eventOf(1), type: 'audit.headSigned', data: { size: 10 } }]);
    await append(10, 11);
    const { own, stopwatch } = runner();
    await own.start();
    await until(() => own.status.refusal !== undefined, stopwatch);
    await own.stop();
    expect(own.status.refusal).toContain('revision 1 is not as it was signed');
  });

  it('goes on with another key, and says so', async () => {
    await append(0, 10);
    await runThrough();
    key = AuditKey.ephemeral();
    await append(10, 11);
    await runThrough();
    expect(await sizes()).toEqual([10, 11]);
    expect(lines).toEqual([expect.stringContaining('Heads are signed with key')]);
  });

  it('says so where another process signs by turns with a key of its own', async () => {
    const mine = key;
    const others = AuditKey.ephemeral();
    for (const [n, turn] of [mine, others, mine, others, mine].entries()) {
      await append(n, n + 1);
      key = turn;
      await runThrough();
    }
    expect(await sizes()).toEqual([1, 2, 3, 4, 5]);
    const byTurns = expect.stringMatching(
      /sign the same log by turns: give all processes the same PERDURE_AUDIT_KEY_FILE/,
    );
    expect(lines).toEqual([expect.stringContaining('from now on'), byTurns, byTurns, byTurns]);
  });

  it('waits for events that another process has signed before it has seen them', async () => {
    await append(0, 10);
    const first = runner();
    await first.own.start();
    await until(() => first.own.status.signed === 10, first.stopwatch);
    // Its tree stands still while another one, with documents of its own, goes on.
    await append(10, 20);
    const others = await SqliteReadStore.open(':memory:');
    await signTree(events, await defined(others), AuditKey.ephemeral(), clock);
    await others.close();
    await append(20, 21);
    const { tree } = first;
    const late = new HeadSigner(key, new SignedHeads(events), tree, clock);
    await expect(late.sign(10, '10')).rejects.toThrow('has 10');
    await first.own.stop();
    expect(first.own.status).toEqual({ state: 'stopped', size: 21, signed: 21 });
    expect(await sizes()).toEqual([10, 20, 21]);
  });

  it('is one of several at a time', async () => {
    await append(0, 10);
    await documents.define(auditTiles);
    const stopwatch = new ManualStopwatch();
    const leases = (owner: string) => new Leases(documents, { owner, stopwatch, standstill: 600 });
    const first = runner({ leases: leases('a'), stopwatch });
    const second = runner({ leases: leases('b'), stopwatch });
    await first.own.start();
    await until(() => first.own.status.signed === 10, stopwatch);
    await second.own.start();
    await until(() => second.own.status.state === 'elsewhere', stopwatch);
    await append(10, 20);
    await first.own.stop();
    await stopwatch.advance(1_000);
    await append(20, 30);
    await stopwatch.advance(1_000);
    await until(() => second.own.status.size === 30, stopwatch);
    await second.own.stop();
    expect(await sizes()).toEqual([10, 20, 30]);
  });
});

/** Takes everything in, signs it and ends. */
async function runThrough(): Promise<void> {
  const { own, stopwatch } = runner();
  await own.start();
  await until(() => own.status.state === 'live', stopwatch);
  await own.stop();
}

async function defined(store: SqliteReadStore): Promise<SqliteReadStore> {
  await store.define(auditTiles);
  return store;
}
