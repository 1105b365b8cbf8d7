import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { Durability } from '#platform/sqlite/sqlite-database';
import { eventStoreSteps } from '../../migrations/sqlite-event-store/steps.js';
import { anOrder, thingEvent } from './seed.js';

/** The event store's rows, written as fast as `node:sqlite` can: no checks, no queue, nobody else to serve. */
export class RawEvents implements Disposable {
  readonly #database: DatabaseSync;
  readonly #stream: StatementSync;
  readonly #event: StatementSync;
  #streams = 0;

  constructor(path: string, durability: Durability) {
    this.#database = new DatabaseSync(path);
    this.#database.exec(`
      PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = ${durability};
      PRAGMA cache_size = -65536; PRAGMA mmap_size = 268435456; PRAGMA temp_store = MEMORY;
    `);
    for (const step of eventStoreSteps) this.#database.exec(step);
    this.#stream = this.#database.prepare('INSERT INTO streams (name, revision) VALUES (?, 0)');
    this.#event = this.#database.prepare(
      'INSERT INTO events (stream, revision, id, type, data, metadata, recorded_at) VALUES (?, 0, ?, ?, ?, ?, ?)',
    );
  }

  /** Stores so many events, each in a new stream, in one transaction. */
  append(events: number): void {
    this.#database.exec('BEGIN IMMEDIATE');
    for (let n = 0; n < events; n++) {
      const { id, type, data, metadata } = thingEvent('Order.created', { data: anOrder });
      const stream = this.#stream.run(`main.Order-${this.#streams++}`).lastInsertRowid;
      const bytes = Buffer.from(id.replaceAll('-', ''), 'hex');
      this.#event.run(stream, bytes, type, JSON.stringify(data), JSON.stringify(metadata), Date.now());
    }
    this.#database.exec('COMMIT');
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }
}
