import { realpathSync } from 'node:fs';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { WalCheckpointer } from './wal-checkpointer.js';
import { openConnection, type OwnedConnection } from './open-connection.js';
import { GroupCommit, type Urgency } from './group-commit.js';
import { WriteRefused } from './sqlite.errors.js';

/** `full`: a write is answered after an fsync. `normal`: after the commit; a power cut may lose the last writes. */
export type Durability = 'full' | 'normal';

export interface SqliteOptions {
  readonly durability?: Durability;
  /** Writes that may wait for a commit; the next one is refused. Default 10,000. */
  readonly maxQueuedWrites?: number;
  /** Told of each group how many writes shared its transaction. */
  readonly onGroup?: (writes: number) => void;
  /** Size of the write-ahead log, in bytes, from which on it is copied back into the file. Default 64 MiB. */
  readonly checkpointAfter?: number;
}

/** Each waits a second for a reader to end. */
const CUT_ATTEMPTS = 3;

/**
 * One SQLite file and the only connection of this process that writes to it. The event store and the read store share it
 * where they are given the same file, so that they never wait for each other's lock. Whoever opens it first sets the options.
 */
export class SqliteDatabase {
  static readonly #open = new Map<string, SqliteDatabase>();

  readonly #statements = new Map<string, StatementSync>();
  readonly #listeners = new Set<() => void>();
  readonly #commits: GroupCommit;
  readonly #checkpointer: WalCheckpointer | undefined;
  readonly #identity: string;
  #users = 1;

  /** Opens the file, or shares it with those who have it open. Throws StoreUnusable. `:memory:` is never shared. */
  static open(path: string, options: SqliteOptions = {}): SqliteDatabase {
    const shared = SqliteDatabase.#open.get(identityOf(path));
    if (shared) {
      shared.#users++;
      return shared;
    }
    const database = new SqliteDatabase(path, openConnection(path), options);
    if (path !== ':memory:') SqliteDatabase.#open.set(database.#identity, database);
    return database;
  }

  private constructor(
    readonly path: string,
    private readonly owned: OwnedConnection,
    options: SqliteOptions,
  ) {
    this.#identity = identityOf(path);
    if (path !== ':memory:') {
      const pageSize = Number(owned.connection.prepare('PRAGMA page_size').get()!['page_size']);
      this.#checkpointer = new WalCheckpointer(
        path,
        options.checkpointAfter ?? 64 * 2 ** 20,
        () => Number(this.prepare('PRAGMA wal_checkpoint(NOOP)').get()!['log']) * pageSize,
        () => this.#commits.pause(),
      );
    }
    this.#commits = new GroupCommit(owned.connection, {
      wal: path === ':memory:' ? undefined : `${path}-wal`,
      durability: options.durability ?? 'full',
      maxQueued: options.maxQueuedWrites ?? 10_000,
      afterCommit: (works) => {
        this.#checkpointer?.walGrew();
        options.onGroup?.(works);
      },
      onDurable: () => this.#listeners.forEach((listener) => listener()),
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
  write<T>(work: () => T, urgency: Urgency = 'urgent'): Promise<T> {
    return this.#commits.add(work, urgency);
  }

  /**
   * Calls the listener after every group, before its writes are answered. At that moment all that the connection shows is
   * durable. Returns a function that ends it.
   */
  onDurable(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Copies the write-ahead log back and cuts it off, so that no file has the old pages any more. Writes wait meanwhile. Rejects with
   * WriteRefused where another program reads the file all the time.
   */
  async cutLog(): Promise<void> {
    const resume = await this.#commits.pause();
    try {
      for (let attempt = 1; attempt <= CUT_ATTEMPTS; attempt++) {
        const { busy } = this.connection.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()!;
        if (busy === 0) return;
      }
    } finally {
      resume();
    }
    throw new WriteRefused(`Another program holds ${this.path} open, so that its log cannot be cut off. Close it.`);
  }

  /** Finishes the accepted writes; the last user closes the file. */
  async close(): Promise<void> {
    if (--this.#users > 0) return this.#commits.idle();
    // From here on a new user gets StoreUnusable until the file is closed.
    SqliteDatabase.#open.delete(this.#identity);
    await this.#commits.close();
    await this.#checkpointer?.close();
    this.#statements.clear();
    this.owned.close();
  }
}

/** The file itself, however its path is spelled. */
function identityOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path; // a new file, or one in memory
  }
}
