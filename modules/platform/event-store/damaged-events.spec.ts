import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Recorded } from '#kernel/event';
import { contentOf } from './event-content.js';
import { SqliteEventStore } from './sqlite-event-store.adapter.js';

let folder: string;
let file: string;
const idOf = (n: number): string => `00000000-0000-7000-8000-00000000000${n}`;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perdure-damaged-'));
  file = join(folder, 'events.db');
  const store = await SqliteEventStore.open(file);
  for (const n of [1, 2, 3]) {
    await store.append('main.task-1', 'any', [{ id: idOf(n), type: 'task.noted', data: { n }, metadata: { n } }]);
  }
  await store.close();
});
afterEach(() => rm(folder, { recursive: true }));

/** What a reader sees of the second event in every way of reading, when something was done to its row. */
async function secondAfter(sql: string): Promise<Recorded> {
  const database = new DatabaseSync(file);
  database.exec(sql);
  database.close();
  const store = await SqliteEventStore.open(file);
  try {
    const { events } = await store.readAll();
    expect(events.map(({ position }) => position)).toEqual(['1', '2', '3']);
    const [event] = (await store.read('main.task-1', { from: 1, limit: 1 })).events;
    expect(event).toEqual(events[1]);
    for await (const message of store.subscribe({ position: '1' })) {
      if (message.kind === 'event') expect(message.event).toEqual(event);
      break;
    }
    return event!;
  } finally {
    await store.close();
  }
}

it.each([
  ['data', (event: Recorded) => event.data],
  ['metadata', (event: Recorded) => event.metadata],
])('%s that is no JSON any more comes back as its bytes', async (column, part) => {
  const event = await secondAfter(`UPDATE events SET ${column} = '{"n":' WHERE position = 2`);
  expect(part(event)).toEqual(Buffer.from('{"n":'));
  expect(Buffer.from(contentOf(event)[column as 'data' | 'metadata'])).toEqual(Buffer.from('{"n":'));
  expect(contentOf(event).json).toBe(column !== 'data');
});

it('an id of another length comes back in full', async () => {
  expect((await secondAfter(`UPDATE events SET id = x'0102' WHERE position = 2`)).id).toBe('0x0102');
});

it('a time that there is not comes back in words', async () => {
  const { recordedAt } = await secondAfter('UPDATE events SET recorded_at = 8640000000000001 WHERE position = 2');
  expect(recordedAt).toBe('8640000000000001 ms');
});
