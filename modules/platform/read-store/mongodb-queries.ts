import type { Collection, Document, FindCursor } from 'mongodb';
import type { DocumentOrder } from './document-order.js';
import { matcherOf } from './filter-matcher.js';
import { conditionOf, type Condition, type Reading } from './mongodb-condition.js';
import type { Definition } from './mongodb-definitions.js';
import { PRESENT, storedOf, type MongoDbDocument } from './mongodb-document.js';
import { afterFilter, sortOf } from './mongodb-order.js';
import { QUERY_MS, type MongoDbServer } from './mongodb-server.js';
import { PageOf, TopOf } from './page-collector.js';
import { pageOf, type CheckedQuery } from './page-form.js';
import type { Filter, Page, QueryPlan, Stored } from './read-store.port.js';

type Documents = Collection<MongoDbDocument>;

/** Documents that the server sends at once. */
const BATCH = 1_000;

/** Answers from one collection: the server's candidates, looked at again where it cannot decide alone. */
export class MongoDbQueries {
  constructor(private readonly server: MongoDbServer) {}

  async page(documents: Documents, definition: Definition, checked: CheckedQuery): Promise<Page> {
    const { filter, order, limit, after } = checked;
    const condition = this.#condition(definition, filter);
    if (!this.#sorts(order)) return pageOf(checked, await this.#sorted(documents, condition, checked));

    // One more than the page shows whether there is another page.
    const page = new PageOf(limit + 1);
    const asked = after ? [condition.filter, afterFilter(order, after)] : [condition.filter];
    const cursor = this.#find(documents, asked, condition.exact ? Math.min(limit + 1, BATCH) : BATCH).sort(
      sortOf(order),
    );
    let last = after;
    for await (const batch of batches(cursor)) {
      const found = condition.exact ? batch : batch.filter(matcherOf(filter));
      const further: Stored[] = [];
      for (const stored of found) {
        const key = order.keyOf(stored);
        if (after && order.compare(key, after) <= 0) continue;
        // The server has another order than we: read everything, and sort here.
        if (last && order.compare(key, last) < 0)
          return pageOf(checked, await this.#sorted(documents, condition, checked));
        further.push(stored);
        last = key;
      }
      if (page.take(further)) break;
    }
    return pageOf(checked, page.result());
  }

  async count(documents: Documents, definition: Definition, filter: Filter): Promise<number> {
    const condition = this.#condition(definition, filter);
    if (condition.exact) return documents.countDocuments(allOf([condition.filter]), { maxTimeMS: QUERY_MS });
    const matches = matcherOf(filter);
    let count = 0;
    for await (const batch of batches(this.#find(documents, [condition.filter]))) count += batch.filter(matches).length;
    return count;
  }

  explain(definition: Definition, filter: Filter): QueryPlan {
    const { exact, index } = this.#condition(definition, filter);
    return { exact, ...(index !== undefined && { index }) };
  }

  /** Of all documents that match, those of the page. */
  async #sorted(documents: Documents, condition: Condition, { filter, order, limit, after }: CheckedQuery) {
    const top = new TopOf(limit + 1, order, after);
    const matches = condition.exact ? () => true : matcherOf(filter);
    for await (const batch of batches(this.#find(documents, [condition.filter]))) top.take(batch.filter(matches));
    return top.result();
  }

  #find(documents: Documents, filters: readonly Document[], batchSize = BATCH): FindCursor<MongoDbDocument> {
    return documents.find(allOf(filters), { maxTimeMS: QUERY_MS, batchSize });
  }

  /** FerretDB knows the order of ids; whether it has ours for values of all types nobody has said. */
  #sorts({ fields }: DocumentOrder): boolean {
    return fields.length === 0 || !this.server.isFerretDb;
  }

  #condition({ indexes }: Definition, filter: Filter): Condition {
    const reading: Reading = {
      deep: !this.server.isFerretDb,
      indexOf: (path) => indexes.find(({ fields }) => fields[0] === path)?.fields.join(','),
    };
    return conditionOf(filter, reading);
  }
}

function allOf(filters: readonly Document[]): Document {
  return { $and: [...filters.filter((filter) => Object.keys(filter).length > 0), PRESENT] };
}

/** What has arrived, together; the cursor is closed in the end. */
async function* batches(cursor: FindCursor<MongoDbDocument>): AsyncGenerator<readonly Stored[]> {
  try {
    while (await cursor.hasNext()) yield cursor.readBufferedDocuments().map(storedOf);
  } finally {
    await cursor.close();
  }
}
