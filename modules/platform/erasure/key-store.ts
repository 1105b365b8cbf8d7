import { chmodSync, existsSync } from 'node:fs';
import type { ReadModel } from '#kernel/projection';
import type { Page, Query, ReadStore, Stored } from '#platform/read-store/read-store.port';
import { SqliteDatabase } from '#platform/sqlite/sqlite-database';
import { openReadStore } from '#platform/stores/open-stores';

/** What is kept of a subject's key; its id in the collection is the key's. */
export interface KeyRecord {
  readonly tenant: string;
  readonly subject: string;
  /** The key, wrapped by the master key; null since it was destroyed. */
  readonly wrapped: string | null;
  /** Fingerprint of that master key. */
  readonly master: string | null;
  /** ISO 8601, UTC. */
  readonly erasedAt: string | null;
}

const subjectKeys: ReadModel<KeyRecord> = {
  name: 'subject_keys',
  indexes: [{ fields: ['subject', 'tenant'] }, { fields: ['master'] }],
};

const SQLITE = 'sqlite:';

/** The records of subjects' keys, in a store of their own: who copies events or documents must not copy keys along. */
export class KeyStore {
  #opened: Promise<ReadStore> | undefined;
  #file: SqliteDatabase | undefined;

  constructor(
    /** A read store's address. */
    private readonly url: string,
  ) {}

  /** Whether other processes may write to the same records. */
  get shared(): boolean {
    return !this.url.startsWith(SQLITE);
  }

  /** What erasing leaves behind in the files of this store, in words. */
  get remains(): string {
    return this.shared
      ? 'The journal and the replication log of MongoDB keep it, wrapped, until they move on: of no use without the master key.'
      : 'Nothing of it is left: the file is overwritten in its place, and its log is cut off.';
  }

  /** Whether there is a store to look into: a file that nobody made yet has no keys. */
  get exists(): boolean {
    return this.#opened !== undefined || this.shared || existsSync(this.url.slice(SQLITE.length));
  }

  /** Where it is, in words without secrets. */
  get place(): string {
    return this.shared ? 'the database that PERDURE_KEYS names' : this.url.slice(SQLITE.length);
  }

  /** Whether there is no record in it, not even of destroyed keys. */
  async isEmpty(): Promise<boolean> {
    return (await this.query({ limit: 1 })).items.length === 0;
  }

  /** Keeps a note about the store itself: a record that is nobody's key. Durable when it resolves. */
  async note(id: string): Promise<void> {
    const document: KeyRecord = { tenant: '', subject: '', wrapped: null, master: null, erasedAt: null };
    await this.write([{ id, document }]);
  }

  async get(ids: readonly string[]): Promise<Map<string, KeyRecord>> {
    return (await this.#store()).getMany<KeyRecord>(subjectKeys.name, ids);
  }

  /** A page of the records that fit. */
  async query(query: Query): Promise<Page<KeyRecord>> {
    return (await this.#store()).query<KeyRecord>(subjectKeys.name, query);
  }

  /** All records of the subject, destroyed keys included. */
  async ofSubject(tenant: string, subject: string): Promise<Stored<KeyRecord>[]> {
    const found: Stored<KeyRecord>[] = [];
    for (let cursor: string | undefined, more = true; more;) {
      const page = await this.query({ filter: { subject, tenant }, cursor });
      found.push(...page.items);
      cursor = page.next;
      more = cursor !== undefined;
    }
    return found;
  }

  /** Durable when it resolves. */
  async write(records: readonly Stored<KeyRecord>[]): Promise<void> {
    const store = await this.#store();
    await store.write(records.map(({ id, document }) => ({ collection: subjectKeys.name, id, document })));
  }

  /** What was overwritten is gone from the store's files, too, as far as the engine lets us. */
  async scrub(): Promise<void> {
    await this.#store();
    await this.#file?.cutLog();
  }

  async close(): Promise<void> {
    const opened = await this.#opened?.catch(() => undefined);
    await this.#file?.close();
    await opened?.close();
  }

  #store(): Promise<ReadStore> {
    return (this.#opened ??= this.#open().catch((error: unknown) => {
      this.#opened = undefined;
      throw error;
    }));
  }

  async #open(): Promise<ReadStore> {
    const store = await openReadStore(this.url, { durability: 'full' });
    try {
      if (!this.shared) await this.#openFile(this.url.slice(SQLITE.length));
      await store.define(subjectKeys);
      return store;
    } catch (error) {
      await this.#file?.close();
      this.#file = undefined;
      await store.close();
      throw error;
    }
  }

  /** The same connection as the store's. An erasure that was cut short left old pages in the log. */
  async #openFile(path: string): Promise<void> {
    if (path === ':memory:') return;
    this.#file = SqliteDatabase.open(path);
    chmodSync(path, 0o600);
    this.#file.connection.exec('PRAGMA secure_delete = ON');
    await this.#file.cutLog();
  }
}
