import { DatabaseSync } from 'node:sqlite';
import { jobsSteps } from '../../migrations/sqlite-jobs/steps.js';

/** The rows that jobs leave behind, written as fast as `node:sqlite` can: no checks, no queue, no work. */
export class RawJobs implements Disposable {
  readonly #database: DatabaseSync;

  constructor(path: string) {
    this.#database = new DatabaseSync(path);
    this.#database.exec(`
      PRAGMA page_size = 4096; PRAGMA journal_mode = WAL; PRAGMA synchronous = full;
      PRAGMA cache_size = -65536; PRAGMA mmap_size = 268435456; PRAGMA temp_store = MEMORY;
    `);
    for (const step of jobsSteps) this.#database.exec(step);
  }

  add(keys: readonly string[]): void {
    const insert = this.#database.prepare(
      `INSERT INTO jobs (key, queue, handler, stage, priority, run_at, record) VALUES (?, 'q', 'h', 'ready', 0, ?, ?)`,
    );
    this.#inOne(keys, (key) => insert.run(key, Date.now(), recordOf(key, 'pending')));
  }

  /** Begins and ends them. */
  finish(keys: readonly string[]): void {
    const begin = this.#database.prepare(`UPDATE jobs SET stage = 'running', owner = 'o', record = ? WHERE key = ?`);
    const end = this.#database.prepare(
      `UPDATE jobs SET stage = 'finished', owner = NULL, ended_at = ?, record = ? WHERE key = ?`,
    );
    this.#inOne(keys, (key) => begin.run(recordOf(key, 'running'), key));
    this.#inOne(keys, (key) => end.run(Date.now(), recordOf(key, 'finished'), key));
  }

  #inOne(keys: readonly string[], write: (key: string) => unknown): void {
    this.#database.exec('BEGIN IMMEDIATE');
    for (const key of keys) write(key);
    this.#database.exec('COMMIT');
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }
}

/** About as long as a record is. */
function recordOf(key: string, state: string): string {
  const content = { queue: 'q', handler: 'h', payload: 1, attempts: 10, priority: 0, backoff: { initial: 1_000 } };
  return JSON.stringify({ key, state, content, rev: 1, generation: 1, attempt: 1, runAt: Date.now(), begun: 1 });
}
