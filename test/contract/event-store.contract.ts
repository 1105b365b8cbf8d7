import { afterAll } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SqliteEventStore } from '#platform/event-store/sqlite-event-store.adapter';
import { eventStoreContract } from './event-store/contract.js';

const folder = mkdtempSync(join(tmpdir(), 'perdure-'));
let files = 0;
afterAll(() => rmSync(folder, { recursive: true }));

eventStoreContract('SQLite in a file', (clock) =>
  SqliteEventStore.open(join(folder, `store-${++files}.db`), { clock }),
);
eventStoreContract('SQLite in memory', (clock) => SqliteEventStore.open(':memory:', { clock }));
