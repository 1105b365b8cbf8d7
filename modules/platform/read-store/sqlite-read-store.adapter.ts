import type { SQLInputValue, StatementSync } from 'node:sqlite';
import { LRUCache } from 'lru-cache';
import type { JsonObject } from '#kernel/json';
import type { ReadModel } from '#kernel/projection';
import { applySteps } from '#platform/sqlite/schema-steps';
import { SqliteDatabase, type SqliteOptions } from '#platform/sqlite/sqlite-database';
import { readStoreSteps } from '../../../migrations/sqlite-read-store/steps.js';
import { DocumentOrder } from './document-order.js';
import { pathOf, project } from './document-path.js';
import { matcherOf, type Matcher } from './filter-matcher.js';
import { cursorOf, placeOf } from './page-cursor.js';
import { PageOf, TopOf, type Collector } from './page-collector.js';
import { DEFAULT_LIMIT, assertQueryForm } from './query-form.js';
import { CheckpointMoved, CollectionNotDefined } from './read-store.errors.js';
import type {
  Advance,
  Checkpoint,
  Filter,
  Page,
  Query,
  QueryPlan,
  ReadStore,
  Stored,
  Write,
} from './read-store.port.js';
import { WriteRow } from './sqlite-write-row.js';
import { defineCollection, isAsDeclared, storedCollections } from './sqlite-collection-definition.js';
import type { SqliteCollection } from './sqlite-collection.js';
import { placeAfter, planOf, type Plan } from './sqlite-plan.js';
import { candidates, chunkSql, type ScanOptions } from './sqlite-scan.js';
import { assertWhereClause } from './where-clause.js';

/** Statements of queries that are kept ready; each form of a filter has its own. */
const KEPT_STATEMENTS = 200;

/** Documents as JSON text in one table a collection, with a column of keys for each indexed path (docs/adr/0004). */
export class SqliteReadStore implements ReadStore {
  #collections: Map<string, SqliteCollection>;
  readonly #statements = new LRUCache<string, StatementSync>({ max: KEPT_STATEMENTS });
  readonly #prepare = (sql: string): StatementSync => this.#statement(sql);

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
  }

  async define(model: ReadModel<object>): Promise<void> {
    if (isAsDeclared(this.#collections.get(model.name), model)) return;
    try {
      await this.database.write(() => {
        const stored = this.#collections.get(model.name);
        if (isAsDeclared(stored, model)) return;
        this.#collections.set(model.name, defineCollection(this.database, stored, model));
        this.#statements.clear();
      });
    } catch (error) {
      this.#collections = storedCollections(this.database);
      throw error;
    }
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
    const { filter = {}, sort = {}, limit = DEFAULT_LIMIT, fields, cursor } = query;
    assertWhereClause(filter);
    assertQueryForm(query);
    const order = new DocumentOrder(sort);
    const after = cursor === undefined ? undefined : placeOf(collection, query, order, cursor);
    const stored = this.#collection(collection);
    const plan = planOf(stored, filter, order);
    const from = plan.ordered && after ? placeAfter(plan, order, after) : undefined;

    // One more than the page shows whether there is another page.
    const collector: Collector = plan.ordered ? new PageOf(limit + 1) : new TopOf(limit + 1, order, after);
    const wanted = plan.ordered && plan.exact ? limit + 1 : undefined;
    for await (const found of this.#matches(stored, filter, plan, { from, ...(wanted && { wanted }) })) {
      if (collector.take(found)) break;
    }
    const all = collector.result();
    const items = all.slice(0, limit);
    const last = all.length > limit && items.at(-1);
    const paths = fields?.map(pathOf);
    return {
      items: (paths
        ? items.map(({ id, document }) => ({ id, document: project(document, paths) }))
        : items) as Stored<D>[],
      ...(last && { next: cursorOf(collection, query, order.keyOf(last)) }),
    };
  }

  async count(collection: string, filter: Filter = {}): Promise<number> {
    assertWhereClause(filter);
    const stored = this.#collection(collection);
    const plan = planOf(stored, filter, new DocumentOrder({}));
    if (plan.exact) {
      const { text, values } = plan.residual ?? { text: 'TRUE', values: [] };
      const counted = this.#prepare(`SELECT count(*) FROM ${stored.table} WHERE ${text}`).get(
        ...(values as SQLInputValue[]),
      );
      return Number((counted as unknown as [number])[0]);
    }
    let count = 0;
    for await (const found of this.#matches(stored, filter, plan)) count += found.length;
    return count;
  }

  async explain(collection: string, { filter = {}, sort = {} }: Query = {}): Promise<QueryPlan> {
    assertWhereClause(filter);
    const stored = this.#collection(collection);
    const plan = planOf(stored, filter, new DocumentOrder(sort));
    return { exact: plan.exact, ...(this.#searches(stored, plan) && { index: plan.index.name }) };
  }

  async write(writes: readonly Write[], advance?: Advance): Promise<void> {
    const rows = writes.map((write) => new WriteRow(this.#collection(write.collection), write));
    // Nobody waits for a projection; a write of another kind may be somebody's.
    const urgency = advance ? 'patient' : 'urgent';
    const stands = await this.database.write(() => {
      if (advance) this.#checkAdvance(advance);
      const written = new Set<SqliteCollection>();
      for (const row of rows) written.add(row.apply(this.database, this.#collection(row.collection)));
      if (advance) this.#advance(advance);
      return [...written].map((collection) => collection.saveShapes(this.database));
    }, urgency);
    for (const note of stands) note();
  }

  async checkpoint(projection: string): Promise<Checkpoint | null> {
    return this.#storedCheckpoint(projection);
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

  async *#matches(
    collection: SqliteCollection,
    filter: Filter,
    plan: Plan,
    options: ScanOptions = {},
  ): AsyncGenerator<readonly Stored[]> {
    let matches: Matcher | undefined;
    const { shapesSeen } = collection;
    for await (const found of candidates(this.#prepare, collection, plan, options)) {
      // The first array that comes in meanwhile ends the certainty that the plan was made in.
      const exact = plan.exact && collection.shapesSeen === shapesSeen;
      yield exact ? found : found.filter((matches ??= matcherOf(filter)));
    }
  }

  /** Whether SQLite itself says that it will search and not scan. */
  #searches(collection: SqliteCollection, plan: Plan): boolean {
    const within = plan.bounds[0];
    if (!within) return true;
    const { text, values } = chunkSql(collection, plan, within);
    const steps = this.database.connection.prepare(`EXPLAIN QUERY PLAN ${text}`).all(...(values as SQLInputValue[]), 1);
    return steps.every(({ detail }) => /^SEARCH .* USING (INDEX|COVERING INDEX|PRIMARY KEY)/.test(detail as string));
  }

  #checkAdvance({ projection, from }: Advance): void {
    const stored = this.#storedCheckpoint(projection);
    if (stored?.position !== from?.position || stored?.version !== from?.version) throw new CheckpointMoved(projection);
  }

  #advance({ projection, to }: Advance): void {
    this.database
      .prepare('INSERT OR REPLACE INTO projection_checkpoints (projection, position, version) VALUES (?, ?, ?)')
      .run(projection, to.position, to.version);
  }

  #storedCheckpoint(projection: string): Checkpoint | null {
    const sql = 'SELECT position, version FROM projection_checkpoints WHERE projection = ?';
    const row = this.database.prepare(sql).get(projection);
    return row ? { position: row['position'] as string, version: Number(row['version']) } : null;
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
