import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { WalCheckpointer } from './wal-checkpointer.js';
import { openConnection, type OwnedConnection } from './open-connection.js';
import { GroupCommit } from './group-commit.js';

/** `full`: a write is answered after an fsync. `normal`: after the commit; a power cut may lose the last writes. */
export type Durability = 'full' | 'normal';

export interface SqliteOptions {
  readonly durability?: Durability;
  /** Writes that may wait for a commit; the next one is refused. */
  readonly maxQueuedWrites?: number;
}

/**
 * One SQLite file and the only connection of this process that writes to it. The event store and the read store share it
 * where they are given the same file, so that they never wait for each other's lock.
 */
export class SqliteDatabase {
  static readonly #open = new Map<string, SqliteDatabase>();

  readonly #statements = new Map<string, StatementSync>();
  readonly #commits: GroupCommit;
  readonly #checkpointer: WalCheckpointer | undefined;
  #users = 1;

  /** Opens the file, or shares it with those who have it open. Rejects with StoreUnusable. */
  static open(path: string, options: SqliteOptions = {}): SqliteDatabase {
    const shared = path === ':memory:' ? undefined : SqliteDatabase.#open.get(path);
    if (shared) {
      shared.#users++;
      return shared;
    }
    const database = new SqliteDatabase(path, openConnection(path), options);
    if (path !== ':memory:') SqliteDatabase.#open.set(path, database);
    return database;
  }

  private constructor(
    readonly path: string,
    private readonly owned: OwnedConnection,
    options: SqliteOptions,
  ) {
    this.#checkpointer = path === ':memory:' ? undefined : new WalCheckpointer(path, () => this.#commits.pause());
    this.#commits = new GroupCommit(owned.connection, {
      wal: path === ':memory:' ? undefined : `${path}-wal`,
      durability: options.durability ?? 'full',
      maxQueued: options.maxQueuedWrites ?? 10_000,
      afterCommit: () => this.#checkpointer?.walGrew(),
    });
  }

  /** For reads, and for schema steps at start. Writes go through {@link write}. */
  get connection(): DatabaseSync {
    return this.owned.connection;
  }

  /** A prepared statement, kept for the next time. */
  prepare(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) this.#statements.set(sql, (statement = this.connection.prepare(sql)));
    return statement;
  }

  /**
   * Runs the work in the next group's transaction and resolves with its result when the group is durable. Works run in
   * the order of the calls. Work that throws a DomainError must do so before its first change: it alone is refused. Any
   * other error undoes the group; the works then run again, each in a transaction of its own: work may run twice, so it
   * must not change anything but the database. Rejections, too, wait for what they were based on to be durable.
   */
  write<T>(work: () => T): Promise<T> {
    return this.#commits.add(work);
  }

  /** Finishes the accepted writes; the last user closes the file. */
  async close(): Promise<void> {
    if (--this.#users > 0) return this.#commits.idle();
    await this.#commits.close();
    await this.#checkpointer?.close();
    SqliteDatabase.#open.delete(this.path);
    this.#statements.clear();
    this.owned.close();
  }
}
