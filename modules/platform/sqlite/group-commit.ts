import { closeSync, fdatasync, fdatasyncSync, openSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { DomainError } from '#kernel/errors';
import { WriteRefused } from './sqlite.errors.js';
import type { Durability } from './sqlite-database.js';

/** `urgent`: somebody waits for the answer. `patient`: it may wait some milliseconds to share the sync of an urgent write. */
export type Urgency = 'urgent' | 'patient';

interface Job {
  readonly work: () => unknown;
  readonly urgency: Urgency;
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
  settle: () => void;
}

export interface GroupCommitOptions {
  /** The write-ahead log to sync; none for a store in memory. */
  readonly wal: string | undefined;
  readonly durability: Durability;
  readonly maxQueued: number;
  /** Called after a commit of so many works. */
  readonly afterCommit: (works: number) => void;
  /** Called before the writes of a group are answered, while nothing is committed that is not durable. */
  readonly onDurable: () => void;
}

/** Works in one transaction: more of them would hold up the event loop for longer than a sync takes. */
const MAX_GROUP = 1_000;

/** So long after an urgent write the next one is expected, in milliseconds. */
const SOON_MS = 5;

/** A disk that took less time for the last sync, in milliseconds, is waited for on the spot: a thread would only add its way back. */
const SHORT_SYNC_MS = 0.5;

/**
 * Writes that arrive together share one transaction and one fsync; while the disk syncs, the next group gathers.
 *
 * SQLite's own `synchronous=FULL` syncs the log inside COMMIT and would stop the event loop meanwhile. Here COMMIT runs
 * with `synchronous=NORMAL`, which orders the log and checkpoints safely but does not sync each commit, and we sync the log
 * ourselves before anyone gets an answer, off the loop unless the disk is quick: the same guarantee (docs/adr/0003).
 */
export class GroupCommit {
  #queue: Job[] = [];
  #scheduled: 'now' | 'soon' | undefined;
  #soon: NodeJS.Timeout | undefined;
  #lastUrgent = -Infinity;
  #syncing = false;
  #lastSyncMs = Infinity;
  #paused = false;
  #failure: Error | undefined;
  #waiting: (() => void)[] = [];
  #wal: number | undefined;

  constructor(
    private readonly connection: DatabaseSync,
    private readonly options: GroupCommitOptions,
  ) {}

  add<T>(work: () => T, urgency: Urgency = 'urgent'): Promise<T> {
    if (this.#failure) return Promise.reject(this.#failure);
    if (this.#queue.length >= this.options.maxQueued) {
      const message = `${this.options.maxQueued} writes already wait (PERDURE_MAX_QUEUED_WRITES). Slow down and try again.`;
      return Promise.reject(new WriteRefused(message));
    }
    return new Promise<T>((resolve, reject) => {
      this.#queue.push({ work, urgency, resolve, reject, settle: () => {} });
      this.#schedule();
    });
  }

  /** Holds further groups back until the returned function is called; resolves when none is under way. */
  async pause(): Promise<() => void> {
    this.#paused = true;
    while (this.#syncing) await this.#change();
    return () => {
      this.#paused = false;
      this.#schedule();
    };
  }

  /** Resolves when nothing waits or is under way. */
  async idle(): Promise<void> {
    while (this.#queue.length > 0 || this.#syncing) await this.#change();
  }

  async close(): Promise<void> {
    await this.idle();
    this.#failure ??= new WriteRefused('The store is closed.');
    if (this.#wal !== undefined) closeSync(this.#wal);
    this.#wal = undefined;
  }

  /** Resolves after the next group. */
  #change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #schedule(): void {
    if (this.#scheduled === 'now' || this.#syncing || this.#paused || this.#queue.length === 0) return;
    const now = performance.now();
    if (this.#queue.some(({ urgency }) => urgency === 'urgent')) this.#lastUrgent = now;
    else if (now - this.#lastUrgent < SOON_MS) return this.#commitSoon();
    clearTimeout(this.#soon);
    this.#scheduled = 'now';
    setImmediate(() => this.#begin());
  }

  /** A sync for patient writes alone would hold up the urgent ones that are about to come. */
  #commitSoon(): void {
    if (this.#scheduled === 'soon') return;
    this.#scheduled = 'soon';
    this.#soon = setTimeout(() => this.#begin(), SOON_MS);
  }

  #begin(): void {
    this.#scheduled = undefined;
    if (!this.#paused) this.#commit();
  }

  #commit(): void {
    const group = this.#queue.splice(0, MAX_GROUP);
    const changed = this.#transact(group);
    if (!changed) return this.#settle(group);
    this.options.afterCommit(group.length);
    if (this.options.durability === 'normal' || this.options.wal === undefined) return this.#settle(group);

    this.#syncing = true;
    this.#sync(this.options.wal, (error) => {
      this.#syncing = false;
      if (error) this.#fail(group, error);
      else this.#settle(group);
    });
  }

  #sync(wal: string, done: (error: Error | null) => void): void {
    const start = performance.now();
    const finish = (error: Error | null): void => {
      this.#lastSyncMs = performance.now() - start;
      done(error);
    };
    let failure: Error | null = null;
    try {
      // The log has no locks of SQLite's on it, so a descriptor of our own is safe; the database file's would not be.
      this.#wal ??= openSync(wal, 'r+');
      if (this.#lastSyncMs >= SHORT_SYNC_MS) return fdatasync(this.#wal, finish);
      fdatasyncSync(this.#wal);
    } catch (error) {
      failure = error as Error;
    }
    finish(failure);
  }

  #transact(group: Job[]): boolean {
    try {
      this.#runTogether(group);
      return true;
    } catch (error) {
      if (group.length === 1) {
        group[0]!.settle = () => group[0]!.reject(refusal(error));
        return false;
      }
      return group.map((job) => this.#transact([job])).includes(true);
    }
  }

  /** One transaction over the group. Throws, with everything undone, where a work failed by accident. */
  #runTogether(group: Job[]): void {
    this.connection.exec('BEGIN IMMEDIATE');
    try {
      for (const job of group) run(job);
      this.connection.exec('COMMIT');
    } catch (error) {
      if (this.connection.isTransaction) this.connection.exec('ROLLBACK');
      throw error;
    }
  }

  #settle(group: Job[]): void {
    this.options.onDurable();
    for (const job of group) job.settle();
    this.#announce();
    this.#schedule();
  }

  #announce(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }

  /** After a failed fsync nobody knows what is on the disk, and a second one may lie: the store stops. */
  #fail(group: Job[], cause: Error): void {
    this.#failure = new WriteRefused('The disk did not confirm a write. Check the disk, then restart Perdure.', {
      cause,
    });
    for (const job of [...group, ...this.#queue]) job.reject(this.#failure);
    this.#queue = [];
    this.#announce();
  }
}

function run(job: Job): void {
  try {
    const value = job.work();
    job.settle = () => job.resolve(value as never);
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    job.settle = () => job.reject(error);
  }
}

function refusal(error: unknown): unknown {
  const code = (error as { errcode?: number }).errcode;
  if (code === undefined) return error;
  const cure: Record<number, string> = {
    5: 'Another program holds a lock on the store file. Close it, then try again.',
    8: 'The store file is read-only. Give Perdure the right to write it.',
    10: 'The disk reported an error. Check it, then try again.',
    11: 'The store file is damaged. Restore it from a backup.',
    13: 'The disk is full. Free some space, then try again.',
  };
  return new WriteRefused(cure[code & 0xff] ?? `SQLite refused the write: ${(error as Error).message}`, {
    cause: error,
  });
}
