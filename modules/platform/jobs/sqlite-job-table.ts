import type { SQLInputValue } from 'node:sqlite';
import type { SqliteDatabase } from '#platform/sqlite/sqlite-database';
import { cursorAfter, keyBefore } from './job-cursor.js';
import { isEnded, type JobRecord, viewOf } from './job-record.js';
import { DEFAULT_PAGE } from './job-request.js';
import { begun, recurred } from './job-transitions.js';
import type { JobPage, JobQuery } from './jobs.port.js';
import type { FullJobsSettings, Retention } from './jobs-settings.js';
import { isRecurrence } from './schedule-times.js';

/** Jobs that become ready in one transaction at most. */
const DUE_AT_ONCE = 1_000;

/** The table of jobs. What changes it belongs into a transaction. */
export class SqliteJobTable {
  constructor(
    private readonly database: SqliteDatabase,
    private readonly settings: Pick<FullJobsSettings, 'keepFinished' | 'keepDead' | 'random'>,
  ) {}

  get(key: string): JobRecord | undefined {
    return recordOf(this.database.prepare('SELECT record FROM jobs WHERE key = ?').get(key));
  }

  /** Writes the record; where it has ended, what is too much of its kind goes. */
  put(record: JobRecord, now: number, owner: string | null = null): void {
    const { key, content, state, runAt, endedAt } = record;
    const stage = state === 'pending' ? (runAt > now ? 'timed' : 'ready') : state;
    const columns = 'key, queue, handler, stage, priority, run_at, ended_at, owner, record';
    // Not INSERT OR REPLACE, which removes a row without telling the triggers.
    const sql = `
      INSERT INTO jobs (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET
      (${columns}) = (excluded.${columns.replaceAll(', ', ', excluded.')})`;
    const values = [key, content.queue, content.handler, stage, content.priority, runAt];
    const ended = isEnded(record);
    this.database.prepare(sql).run(...values, ended ? endedAt! : null, owner, JSON.stringify(record));
    if (ended)
      this.#trim(state === 'dead' ? 1 : 0, state === 'dead' ? this.settings.keepDead : this.settings.keepFinished, now);
  }

  /** Takes up to so many due jobs of the queue for this owner; recurring ones make their occurrences on the way. */
  claim(queue: string, limit: number, owner: string, newRun: () => string, now: number): JobRecord[] {
    this.database
      .prepare(
        `UPDATE jobs SET stage = 'ready' WHERE key IN
         (SELECT key FROM jobs WHERE stage = 'timed' AND queue = ? AND run_at <= ? ORDER BY run_at LIMIT ${DUE_AT_ONCE})`,
      )
      .run(queue, now);
    const due = this.database.prepare(
      `SELECT record FROM jobs WHERE stage = 'ready' AND queue = ? ORDER BY priority DESC, run_at, key LIMIT ?`,
    );
    const claimed: JobRecord[] = [];
    while (claimed.length < limit) {
      const records = due.all(queue, limit - claimed.length).map((row) => recordOf(row)!);
      if (records.length === 0) break;
      for (const record of records) {
        const run = this.#begin(record, owner, newRun, now);
        if (run) claimed.push(run);
      }
    }
    return claimed;
  }

  /** When the next job of the queue is due; 0 where one is already. */
  nextDue(queue: string): number | undefined {
    const ready = this.database.prepare(`SELECT 1 FROM jobs WHERE stage = 'ready' AND queue = ? LIMIT 1`).get(queue);
    if (ready) return 0;
    const sql = `SELECT min(run_at) AS at FROM jobs WHERE stage = 'timed' AND queue = ?`;
    return (this.database.prepare(sql).get(queue)!['at'] as number | null) ?? undefined;
  }

  /** What nobody of these owners runs was left behind by a process that is gone. */
  takeOver(living: ReadonlySet<string>): void {
    const rows = this.database.prepare(`SELECT key, owner FROM jobs WHERE stage = 'running'`).all();
    const ready = this.database.prepare(`UPDATE jobs SET stage = 'ready' WHERE key = ?`);
    for (const { key, owner } of rows) if (!living.has(owner as string)) ready.run(key as string);
  }

  list(query: JobQuery, now: number): JobPage {
    const { limit = DEFAULT_PAGE } = query;
    const { where, values } = conditions(query, now);
    const sql = `SELECT record FROM jobs ${where} ORDER BY key LIMIT ?`;
    const records = this.database
      .prepare(sql)
      .all(...values, limit + 1)
      .map((row) => recordOf(row)!);
    const items = records.slice(0, limit).map((record) => viewOf(record, now));
    return records.length > limit ? { items, next: cursorAfter(items.at(-1)!.key, query) } : { items };
  }

  #begin(record: JobRecord, owner: string, newRun: () => string, now: number): JobRecord | undefined {
    if (isRecurrence(record.content.time)) {
      const { record: waiting, owed } = recurred(record, now);
      for (const each of owed) if (!this.get(each.key)) this.put(each, now);
      this.put(waiting, now);
      return undefined;
    }
    const run = begun(record, newRun(), now, this.settings.random);
    this.put(run, now, owner);
    return run.state === 'running' ? run : undefined;
  }

  #trim(dead: 0 | 1, { age, bytes }: Retention, now: number): void {
    const kept = this.database.prepare('SELECT bytes FROM jobs_kept WHERE dead = ?');
    const oldest = this.database.prepare(
      `SELECT key, ended_at FROM jobs WHERE (stage = 'dead') = ? AND ended_at IS NOT NULL ORDER BY ended_at LIMIT 1`,
    );
    for (;;) {
      const row = oldest.get(dead);
      if (!row) return;
      const isTooOld = (row['ended_at'] as number) < now - age;
      if (!isTooOld && (kept.get(dead)!['bytes'] as number) <= bytes) return;
      this.database.prepare('DELETE FROM jobs WHERE key = ?').run(row['key'] as string);
    }
  }
}

function conditions(query: JobQuery, now: number): { where: string; values: SQLInputValue[] } {
  const { queue, handler, state } = query;
  const conditions: string[] = [];
  const values: SQLInputValue[] = [];
  const add = (condition: string, ...given: (SQLInputValue | undefined)[]): void => {
    if (given.includes(undefined)) return;
    conditions.push(condition);
    values.push(...(given as SQLInputValue[]));
  };
  add('key > ?', keyBefore(query));
  add('queue = ?', queue);
  add('handler = ?', handler);
  const isPending = `stage IN ('timed', 'ready') AND record ->> '$.state' = 'pending'`;
  if (state === 'scheduled') add(`${isPending} AND run_at > ?`, now);
  else if (state === 'waiting') add(`${isPending} AND run_at <= ?`, now);
  // One that lost its worker is ready to be taken over.
  else if (state === 'running') add(`stage IN ('running', 'ready') AND record ->> '$.state' = ?`, state);
  else add('stage = ?', state);
  return { where: conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : '', values };
}

function recordOf(row: Record<string, unknown> | undefined): JobRecord | undefined {
  return row && (JSON.parse(row['record'] as string) as JobRecord);
}
