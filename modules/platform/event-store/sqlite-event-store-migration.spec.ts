import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isUuid, systemIds } from '#kernel/ids';
import { applySteps } from '#platform/sqlite/schema-steps';
import { SqliteDatabase } from '#platform/sqlite/sqlite-database';
import { eventStoreSteps } from '../../../migrations/sqlite-event-store/steps.js';
import { contentOf } from './event-content.js';
import { encodeId } from './event-row.js';
import type { StreamMetadata } from './event-store.port.js';
import { SqliteEventStore } from './sqlite-event-store.adapter.js';

/** Streams as version 1 had them, all with three events: what stood in the row, and what must stand in the metadata stream. */
const streams: [string, string, string | undefined, StreamMetadata][] = [
  ['main.task-plain', `'live', 0, NULL, NULL, NULL`, undefined, {}],
  [
    'main.task-limited',
    `'live', 0, 1, 2, 3600`,
    '{"$maxCount":2,"$maxAge":3600,"$tb":1}',
    { maxCount: 2, maxAge: 3600, truncateBefore: 1 },
  ],
  ['main.task-deleted', `'deleted', 3, NULL, 9, NULL`, '{"$maxCount":9,"$tb":9223372036854775807}', { maxCount: 9 }],
  ['main.task-again', `'live', 2, 1, NULL, NULL`, '{"$tb":2}', { truncateBefore: 2 }],
  ['main.task-entombed', `'tombstone', 0, NULL, NULL, NULL`, '{}', {}],
];

describe('a SQLite event store of version 1', () => {
  const folder = mkdtempSync(join(tmpdir(), 'perdure-'));
  const path = join(folder, 'store.db');
  let store: SqliteEventStore;

  beforeAll(async () => {
    const database = SqliteDatabase.open(path);
    applySteps(database, 'event-store', eventStoreSteps.slice(0, 1));
    for (const [index, [name, row]] of streams.entries()) {
      const id = index + 1;
      database.connection.exec(`INSERT INTO streams VALUES (${id}, '${name}', 2, ${row})`);
      const insert = `INSERT INTO events (stream, revision, id, type, data, metadata, recorded_at)
                      VALUES (?, ?, ?, 'task.changed', '{"n":1}', '{}', ?)`;
      for (const revision of [0, 1, 2]) {
        database.connection.prepare(insert).run(id, revision, encodeId(systemIds.next()), Date.now());
      }
    }
    await database.close();
    store = await SqliteEventStore.open(path);
  });
  afterAll(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });

  it.each(streams)('has the metadata of %s in events, too', async (name, row, text, metadata) => {
    const { events } = await store.read(`$$${name}`);
    expect(events.map((event) => Buffer.from(contentOf(event).data).toString())).toEqual(text ? [text] : []);
    for (const { id, type } of events) {
      expect(isUuid(id)).toBe(true);
      expect(type).toBe(row.startsWith(`'tombstone'`) ? '$streamDeleted' : '$metadata');
    }
    if (row.startsWith(`'tombstone'`)) await expect(store.read(name)).rejects.toMatchObject({ code: 'stream-deleted' });
    else expect(await store.metadata(name)).toEqual(metadata);
  });

  it('shows what it showed, and can be restored elsewhere', async () => {
    const copy = await SqliteEventStore.open(':memory:');
    await copy.restore((await store.readAll({ system: true })).events);
    for (const one of [store, copy]) {
      const shown = (await one.readAll()).events.map(({ stream, revision }) => `${stream}/${revision}`);
      expect(shown).toEqual([
        ...[0, 1, 2].map((revision) => `main.task-plain/${revision}`),
        ...[1, 2].map((revision) => `main.task-limited/${revision}`),
        'main.task-again/2',
      ]);
      await expect(one.read('main.task-entombed')).rejects.toMatchObject({ code: 'stream-deleted' });
    }
    await copy.close();
  });

  it('goes on', async () => {
    const event = { id: systemIds.next(), type: 'task.changed', data: Uint8Array.of(1), metadata: {} };
    expect(await store.append('main.task-deleted', 'none', [event])).toMatchObject({ revision: 3 });
    expect((await store.read('main.task-deleted')).events).toMatchObject([{ id: event.id, revision: 3 }]);
    expect(await store.metadata('main.task-deleted')).toEqual({ maxCount: 9, truncateBefore: 3 });
    expect(await store.append('main.task-plain', 2, [event])).toMatchObject({ revision: 3 });
  });
});
