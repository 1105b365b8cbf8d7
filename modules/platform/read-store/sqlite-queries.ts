import type { SQLInputValue, StatementSync } from 'node:sqlite';
import type { SqliteDatabase } from '#platform/sqlite/sqlite-database';
import { DocumentOrder } from './document-order.js';
import { matcherOf, type Matcher } from './filter-matcher.js';
import { PageOf, TopOf, type Collector } from './page-collector.js';
import { pageOf, type CheckedQuery } from './page-form.js';
import type { Filter, Page, QueryPlan, Sort, Stored } from './read-store.port.js';
import type { SqliteCollection } from './sqlite-collection.js';
import { placeAfter, planOf, type Plan } from './sqlite-plan.js';
import { candidates, chunkSql, type ScanOptions } from './sqlite-scan.js';

type Prepare = (sql: string) => StatementSync;

/** Answers from one collection: the engine's candidates, looked at again where it cannot decide alone. */
export class SqliteQueries {
  constructor(
    private readonly database: SqliteDatabase,
    private readonly prepare: Prepare,
  ) {}

  async page(stored: SqliteCollection, checked: CheckedQuery): Promise<Page> {
    const { filter, order, limit, after } = checked;
    const plan = planOf(stored, filter, order);
    const from = plan.ordered && after ? placeAfter(plan, order, after) : undefined;

    // One more than the page shows whether there is another page.
    const collector: Collector = plan.ordered ? new PageOf(limit + 1) : new TopOf(limit + 1, order, after);
    const wanted = plan.ordered && plan.exact ? limit + 1 : undefined;
    for await (const found of this.#matches(stored, filter, plan, { from, ...(wanted && { wanted }) })) {
      if (collector.take(found)) break;
    }
    return pageOf(checked, collector.result());
  }

  async count(stored: SqliteCollection, filter: Filter): Promise<number> {
    const plan = planOf(stored, filter, new DocumentOrder({}));
    if (plan.exact) {
      const { text, values } = plan.residual ?? { text: 'TRUE', values: [] };
      const counted = this.prepare(`SELECT count(*) FROM ${stored.table} WHERE ${text}`).get(
        ...(values as SQLInputValue[]),
      );
      return Number((counted as unknown as [number])[0]);
    }
    let count = 0;
    for await (const found of this.#matches(stored, filter, plan)) count += found.length;
    return count;
  }

  explain(stored: SqliteCollection, filter: Filter, sort: Sort): QueryPlan {
    const plan = planOf(stored, filter, new DocumentOrder(sort));
    return { exact: plan.exact, ...(this.#searches(stored, plan) && { index: plan.index.name }) };
  }

  async *#matches(
    collection: SqliteCollection,
    filter: Filter,
    plan: Plan,
    options: ScanOptions = {},
  ): AsyncGenerator<readonly Stored[]> {
    let matches: Matcher | undefined;
    const { shapesSeen } = collection;
    for await (const found of candidates(this.prepare, collection, plan, options)) {
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
}
