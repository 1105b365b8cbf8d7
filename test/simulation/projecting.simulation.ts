import { afterAll, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { comparePositions } from '#kernel/event';
import type { EventStore } from '#platform/event-store/event-store.port';
import { SqliteEventStore } from '#platform/event-store/sqlite-event-store.adapter';
import type { ParkedKey } from '#platform/projecting/parked-events';
import { ProjectionRunner } from '#platform/projecting/projection-runner';
import type { ReadStore } from '#platform/read-store/read-store.port';
import { SqliteReadStore } from '#platform/read-store/sqlite-read-store.adapter';
import { documentsOf, upToDate } from '#test/support/counter-projection';
import { oneKeyFails, repeatable } from '#test/support/projecting-program';

const KILLS = 15;
const SEED = Number(process.env['PERDURE_SEED'] ?? 20260101);

describe('a projection that is killed again and again', () => {
  const folder = mkdtempSync(join(tmpdir(), 'perdure-'));
  const path = join(folder, 'store.db');
  afterAll(() => rmSync(folder, { recursive: true }));

  it(`is the same as one built from nothing (PERDURE_SEED=${SEED})`, async () => {
    const random = seeded(SEED);
    for (let i = 0; i < KILLS; i++) await killAfter(Math.floor(random() * 40));

    const events = await SqliteEventStore.open(path);
    const documents = await SqliteReadStore.open(path);
    const resumed = await documents.checkpoint(oneKeyFails.name);
    expect(comparePositions(resumed!.position, '0')).toBeGreaterThan(0);

    const fresh = await SqliteReadStore.open(':memory:');
    expect(await digest(events, documents)).toBe(await digest(events, fresh));
    expect(await fresh.count('counters')).toBeGreaterThan(30);
    expect(await fresh.count('parked_events')).toBe(1);
    await Promise.all([events.close(), documents.close(), fresh.close()]);
  }, 120_000);

  /** Runs the program and kills it as soon as it has printed so many lines: in the middle of whatever it does then. */
  async function killAfter(lines: number): Promise<void> {
    const child = spawn(
      process.execPath,
      [
        '--conditions=source',
        '--import=./test/support/typescript.hooks.mjs',
        'test/support/projecting-program.ts',
        path,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const exited = once(child, 'exit');
    const output = createInterface(child.stdout)[Symbol.asyncIterator]();
    for (let seen = 0; seen <= lines; seen++) await output.next();
    child.kill('SIGKILL');
    expect(await exited).toEqual([null, 'SIGKILL']);
  }
});

/** Lets the projection catch up and digests all that it has written, but for what depends on the pages' boundaries. */
async function digest(events: EventStore, documents: ReadStore): Promise<string> {
  const runner = new ProjectionRunner(oneKeyFails, events, documents, repeatable);
  await runner.start();
  await upToDate(runner, events);
  await runner.stop();
  const parked = Object.values(await documentsOf(documents, 'parked_events')) as ParkedKey[];
  const comparable = parked.map(({ key, event, attempts, waiting, error: { message } }) => {
    return { key, event, attempts, waiting, message };
  });
  const written = JSON.stringify([await documentsOf(documents), comparable]);
  return createHash('sha256').update(written).digest('hex');
}

/** Mulberry32: numbers in [0, 1) that are the same for the same seed. */
function seeded(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
