import { afterAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Recorded, START } from '#kernel/event';
import { SqliteEventStore } from '#platform/event-store/sqlite-event-store.adapter';
import { SqliteDatabase } from '#platform/sqlite/sqlite-database';
import { mulberry32 } from '#test/support/mulberry32';
import { StoreProcess } from '#test/support/store-process';
import type { Line } from '#test/support/store-program';

const KILLS = 50;
const SEED = Number(process.env['PERDURE_SEED'] ?? 20260101);

describe('an event store whose process is killed again and again', () => {
  const folder = mkdtempSync(join(tmpdir(), 'perdure-'));
  const path = join(folder, 'store.db');
  afterAll(() => rmSync(folder, { recursive: true }));

  it(`has every event that was acknowledged, once and in order (PERDURE_SEED=${SEED})`, async () => {
    const random = mulberry32(SEED);
    let acknowledged = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      const lines = await killAfter(Math.floor(random() ** 2 * 600));
      await check(lines);
      acknowledged += lines.length;
    }
    expect(acknowledged).toBeGreaterThan(KILLS * 50);
  }, 120_000);

  /** Kills the program after so many acknowledgements, in the middle of whatever it does then; returns all it gave. */
  async function killAfter(count: number): Promise<Line[]> {
    const program = new StoreProcess(path, { lanes: 32 });
    expect(await program.line()).toEqual({ opened: true });
    const lines: Line[] = [];
    while (lines.length < count) lines.push((await program.line())!);
    return [...lines, ...(await program.kill())];
  }

  async function check(lines: readonly Line[]): Promise<void> {
    const store = await SqliteEventStore.open(path);
    const events: Recorded[] = [];
    for (let end = false, position = START; !end;) {
      const slice = await store.readAll({ position });
      events.push(...slice.events);
      ({ end, position } = slice);
    }
    await store.close();

    const database = SqliteDatabase.open(path);
    expect(database.connection.prepare('PRAGMA integrity_check').all()).toEqual([{ integrity_check: 'ok' }]);
    await database.close();

    const byId = Map.groupBy(events, ({ id }) => id);
    expect(byId.size).toBe(events.length);
    expect(events.map(({ position }) => Number(position))).toEqual(events.map((_, i) => i + 1));
    for (const ofOne of Map.groupBy(events, ({ stream }) => stream).values()) {
      expect(ofOne.map(({ revision }) => revision)).toEqual([...ofOne.keys()]);
    }
    for (const line of lines) if ('ids' in line) expect(stored(line.ids, byId)).toEqual(line);
  }

  /** The acknowledgement that the stored events deserve. */
  function stored(ids: string[], byId: Map<string, Recorded[]>): Line {
    const events = ids.map((id) => byId.get(id)![0]!);
    const { stream, revision, position } = events.at(-1)!;
    expect(events.map((event) => event.revision)).toEqual(ids.map((_, i) => revision - ids.length + 1 + i));
    return { stream, ids, revision, position };
  }
});
