import type { Collection } from 'mongodb';
import type { JsonObject } from '#kernel/json';
import type { ReadModel } from '#kernel/projection';
import { inTime } from '../in-time.js';
import { inParts } from './mongodb-change.js';
import { MongoDbDefinitions, type Definition } from './mongodb-definitions.js';
import { projectedOf, storedOf, type MongoDbDocument } from './mongodb-document.js';
import { MongoDbLocks } from './mongodb-locks.js';
import { MongoDbProgress } from './mongodb-progress.js';
import { MongoDbQueries } from './mongodb-queries.js';
import { QUERY_MS, READ_MS, connect, translated, type MongoDbOptions, type MongoDbServer } from './mongodb-server.js';
import { MongoDbWriter } from './mongodb-writer.js';
import { checkedQuery } from './page-form.js';
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
import { assertWhereClause } from './where-clause.js';

type Documents = Collection<MongoDbDocument>;

/** Ids in one question. */
const IDS_AT_ONCE = 1_000;
/** Up to so many documents are asked for one by one where that is the only way not to look at all of them. */
const FEW = 20;
/** Milliseconds that a mark of a removed document is kept at least; it goes at the next start after that. */
const MARKED_MS = 86_400_000;

/**
 * Documents in MongoDB, or in a server that speaks its protocol, in a collection for each of ours (docs/adr/0013). Without
 * transactions, `write` is all or nothing only for projections, which replay what did not come to its end: a crash in the middle
 * of any other write of several documents leaves some of them.
 */
export class MongoDbReadStore implements ReadStore {
  readonly shared = true;
  readonly #definitions: MongoDbDefinitions;
  readonly #progress: MongoDbProgress;
  readonly #writer: MongoDbWriter;
  readonly #queries: MongoDbQueries;

  /** Opens the store in the database that the URL names, else in `perdure`. Rejects with ReadStoreUnavailable. */
  static async open(url: string, options: MongoDbOptions = {}): Promise<MongoDbReadStore> {
    return new MongoDbReadStore(await connect(url, options));
  }

  private constructor(private readonly server: MongoDbServer) {
    const { db, isFerretDb } = server;
    this.#definitions = new MongoDbDefinitions(db);
    const locks = new MongoDbLocks(isFerretDb ? db.collection('perdure.locks') : undefined);
    this.#progress = new MongoDbProgress(db.collection('perdure.progress'), locks);
    this.#writer = new MongoDbWriter(server, this.#definitions, this.#progress);
    this.#queries = new MongoDbQueries(server);
  }

  define(model: ReadModel<object>): Promise<void> {
    return this.#answer(async () => {
      await this.#definitions.define(model);
      if (!this.server.transactions) await this.#forgetRemoved(model.name);
    });
  }

  get<D extends object = JsonObject>(collection: string, id: string): Promise<D | null> {
    return this.#read(collection, async (documents) => {
      const found = await documents.findOne({ _id: id }, { maxTimeMS: QUERY_MS });
      return found?.state.document ? (storedOf(found).document as D) : null;
    });
  }

  getMany<D extends object = JsonObject>(collection: string, ids: readonly string[]): Promise<Map<string, D>> {
    return this.#read(collection, async (documents) => {
      const found = await this.#byIds(documents, ids);
      const present = found.filter(({ state }) => state.document).map(storedOf);
      return new Map(present.map(({ id, document }) => [id, document as D]));
    });
  }

  async query<D extends object = JsonObject>(collection: string, query: Query = {}): Promise<Page<D>> {
    const checked = checkedQuery(collection, query);
    return (await this.#read(collection, (documents, definition) =>
      this.#queries.page(documents, definition, checked),
    )) as Page<D>;
  }

  async count(collection: string, filter: Filter = {}): Promise<number> {
    assertWhereClause(filter);
    return this.#read(collection, (documents, definition) => this.#queries.count(documents, definition, filter));
  }

  async explain(collection: string, { filter = {} }: Query = {}): Promise<QueryPlan> {
    assertWhereClause(filter);
    return this.#answer(async () => this.#queries.explain(await this.#definitions.find(collection), filter));
  }

  async write(writes: readonly Write[], advance?: Advance): Promise<void> {
    await this.#answer(() => this.#writer.write(writes, advance));
  }

  checkpoint(projection: string): Promise<Checkpoint | null> {
    return this.#answer(() => this.#progress.checkpoint(projection));
  }

  projected<D extends object = JsonObject>(
    collection: string,
    ids: readonly string[],
  ): Promise<Map<string, Projected<D>>> {
    return this.#read(collection, async (documents) => {
      const found = await this.#byIds(documents, ids);
      return new Map(found.map((document) => [document._id, projectedOf(document) as Projected<D>]));
    });
  }

  replace(collection: string, by: string): Promise<void> {
    return this.#answer(() => this.#definitions.replace(collection, by));
  }

  drop(collection: string): Promise<void> {
    return this.#answer(() => this.#definitions.drop(collection));
  }

  lease(name: string): Promise<Lease | null> {
    return this.#answer(() => this.#progress.lease(name));
  }

  swapLease(name: string, from: Lease | null, to: Lease): Promise<boolean> {
    return this.#answer(() => this.#progress.swapLease(name, from, to));
  }

  close(): Promise<void> {
    return this.server.client.close();
  }

  /** Marks of removed documents, older than any write that could still come late. */
  async #forgetRemoved(name: string): Promise<void> {
    const documents = this.#definitions.documents(await this.#definitions.find(name));
    await documents.deleteMany({ 'state.removed': { $lt: new Date(Date.now() - MARKED_MS) } });
  }

  async #byIds(documents: Documents, ids: readonly string[]): Promise<MongoDbDocument[]> {
    const wanted = [...new Set(ids)];
    const options = { maxTimeMS: QUERY_MS };
    if (this.server.isFerretDb && wanted.length <= FEW) {
      const found = await Promise.all(wanted.map((_id) => documents.findOne({ _id }, options)));
      return found.filter((document) => document !== null);
    }
    const parts = inParts(wanted, IDS_AT_ONCE);
    const found = await Promise.all(parts.map(($in) => documents.find({ _id: { $in } }, options).toArray()));
    return found.flat();
  }

  /**
   * Reads from the collection that has the name at some moment of the reading: asks meanwhile which one that is, and reads again
   * where another had taken its place.
   */
  #read<T>(name: string, read: (documents: Documents, definition: Definition) => Promise<T>): Promise<T> {
    const fromOne = async (): Promise<T> => {
      for (;;) {
        const known = this.#definitions.known.get(name) ?? (await this.#definitions.find(name));
        const reading = read(this.#definitions.documents(known), known);
        reading.catch(() => {}); // told below, unless it was the wrong collection
        const now = await this.#definitions.find(name);
        if (now.physical === known.physical) return reading;
      }
    };
    return this.#answer(() => inTime(fromOne(), READ_MS));
  }

  async #answer<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw translated(error);
    }
  }
}
