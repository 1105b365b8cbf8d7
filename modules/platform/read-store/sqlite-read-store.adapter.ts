import type { StatementSync } from 'node:sqlite';
import { LRUCache } from 'lru-cache';
import { START } from '#kernel/event';
import type { JsonObject } from '#kernel/json';
import type { ReadModel } from '#kernel/projection';
import { applySteps } from '#platform/sqlite/schema-steps';
import { SqliteDatabase, type SqliteOptions } from '#platform/sqlite/sqlite-database';
import { readStoreSteps } from '../../../migrations/sqlite-read-store/steps.js';
import { checkedQuery } from './page-form.js';
import { CollectionNotDefined } from './read-store.errors.js';
import type {
  Advance,
  Checkpoint,
  Filter,
  Lease,
  Page,
  Projected,
  Query,
  QueryPlan,
  ReadStore,
  Write,
} from './read-store.port.js';
import {
  defineCollection,
  dropCollection,
  isAsDeclared,
  replaceCollection,
  storedCollections,
} from './sqlite-collection-definition.js';
import type { SqliteCollection } from './sqlite-collection.js';
import { SqliteProgress } from './sqlite-progress.js';
import { SqliteQueries } from './sqlite-queries.js';
import { WriteRow } from './sqlite-write-row.js';
import { assertWhereClause } from './where-clause.js';

/** Statements of queries that are kept ready; each form of a filter has its own. */
const KEPT_STATEMENTS = 200;

/** Documents as JSON text in one table a collection, with a column of keys for each indexed path (docs/adr/0004). */
export class SqliteReadStore implements ReadStore {
  readonly shared = false;
  #collections: Map<string, SqliteCollection>;
  readonly #queries: SqliteQueries;
  readonly #progress: SqliteProgress;
  readonly #statements = new LRUCache<string, StatementSync>({ max: KEPT_STATEMENTS });

  /** Opens the store in a file, which it may share with an event store, or in `:memory:`. Rejects with StoreUnusable. */
  static async open(path: string, options: SqliteOptions = {}): Promise<SqliteReadStore> {
    const database = SqliteDatabase.open(path, options);
    try {
      applySteps(database, 'read-store', readStoreSteps);
      return new SqliteReadStore(database);
    } catch (error) {
      await database.close();
      throw error;
    }
  }

  private constructor(private readonly database: SqliteDatabase) {
    this.#collections = storedCollections(database);
    this.#queries = new SqliteQueries(database, (sql) => this.#statement(sql));
    this.#progress = new SqliteProgress(database);
  }

  async define(model: ReadModel<object>): Promise<void> {
    if (isAsDeclared(this.#collections.get(model.name), model)) return;
    await this.#change((collections) => {
      const stored = collections.get(model.name);
      if (isAsDeclared(stored, model)) return;
      collections.set(model.name, defineCollection(this.database, stored, model));
    });
  }

  async replace(collection: string, by: string): Promise<void> {
    this.#collection(by);
    await this.#change((collections) => replaceCollection(this.database, collections, collection, by));
  }

  async drop(collection: string): Promise<void> {
    await this.#change((collections) => dropCollection(this.database, collections, collection));
  }

  async get<D extends object = JsonObject>(collection: string, id: string): Promise<D | null> {
    const { table } = this.#collection(collection);
    const row = this.database.prepare(`SELECT document FROM ${table} WHERE id = ?`).get(id);
    return row ? (JSON.parse(row['document'] as string) as D) : null;
  }

  async getMany<D extends object = JsonObject>(collection: string, ids: readonly string[]): Promise<Map<string, D>> {
    const { table } = this.#collection(collection);
    const sql = `SELECT id, document FROM ${table} WHERE id IN (SELECT value FROM json_each(?))`;
    const rows = this.database.prepare(sql).all(JSON.stringify(ids));
    return new Map(rows.map((row) => [row['id'] as string, JSON.parse(row['document'] as string) as D]));
  }

  async query<D extends object = JsonObject>(collection: string, query: Query = {}): Promise<Page<D>> {
    const checked = checkedQuery(collection, query);
    return (await this.#undisturbed(collection, (stored) => this.#queries.page(stored, checked))) as Page<D>;
  }

  async count(collection: string, filter: Filter = {}): Promise<number> {
    assertWhereClause(filter);
    return this.#undisturbed(collection, (stored) => this.#queries.count(stored, filter));
  }

  async explain(collection: string, { filter = {}, sort = {} }: Query = {}): Promise<QueryPlan> {
    assertWhereClause(filter);
    return this.#queries.explain(this.#collection(collection), filter, sort);
  }

  async write(writes: readonly Write[], advance?: Advance): Promise<void> {
    const rows = writes.map((write) => new WriteRow(this.#collection(write.collection), write));
    // Nobody waits for a projection; a write of another kind may be somebody's.
    const urgency = advance ? 'patient' : 'urgent';
    const stands = await this.database.write(() => {
      if (advance) this.#progress.check(advance);
      const targets = rows.map((row) => this.#collection(row.collection));
      for (const [i, row] of rows.entries()) row.apply(this.database, targets[i]!);
      if (advance) this.#progress.advance(advance);
      return [...new Set(targets)].map((collection) => collection.saveShapes(this.database));
    }, urgency);
    for (const note of stands) note();
  }

  async checkpoint(projection: string): Promise<Checkpoint | null> {
    return this.#progress.checkpoint(projection);
  }

  /** Documents and checkpoint change together, so that the checkpoint says it all. */
  async projected<D extends object = JsonObject>(
    collection: string,
    ids: readonly string[],
  ): Promise<Map<string, Projected<D>>> {
    const documents = await this.getMany<D>(collection, ids);
    return new Map([...documents].map(([id, document]) => [id, { document, position: START }]));
  }

  async lease(name: string): Promise<Lease | null> {
    return this.#progress.lease(name);
  }

  swapLease(name: string, from: Lease | null, to: Lease): Promise<boolean> {
    return this.database.write(() => this.#progress.swapLease(name, from, to));
  }

  async close(): Promise<void> {
    this.#statements.clear();
    await this.database.close();
  }

  #collection(name: string): SqliteCollection {
    const collection = this.#collections.get(name);
    if (!collection) throw new CollectionNotDefined(name);
    return collection;
  }

  /** Changes what collections there are, in the file and here. */
  async #change(change: (collections: Map<string, SqliteCollection>) => void): Promise<void> {
    try {
      await this.database.write(() => {
        change(this.#collections);
        this.#statements.clear();
      });
    } catch (error) {
      this.#collections = storedCollections(this.database);
      throw error;
    }
  }

  /** A query takes several steps: it begins again where another collection took the place of its own in between. */
  async #undisturbed<T>(name: string, answer: (collection: SqliteCollection) => Promise<T>): Promise<T> {
    for (;;) {
      const collection = this.#collection(name);
      try {
        return await answer(collection);
      } catch (error) {
        if (this.#collections.get(name) === collection) throw error;
      }
    }
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.database.connection.prepare(sql);
      statement.setReturnArrays(true);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}
