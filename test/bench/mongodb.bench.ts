import { type Collection, MongoClient } from 'mongodb';
import type { ReadModel } from '#kernel/projection';
import { MongoDbReadStore } from '#platform/read-store/mongodb-read-store.adapter';
import type { Checkpoint } from '#platform/read-store/read-store.port';
import type { Bench } from './bench.js';
import { EngineServer } from './processes/engine-server.js';
import { inTurns, perSecond, secondsOf } from './rounds.js';
import { anOrder } from './seed.js';

const orders: ReadModel<object> = { name: 'orders', indexes: [{ fields: ['city', 'total'] }] };
const WRITTEN = 1_000;
/** Fewer: to change a document FerretDB looks at every one of the collection. */
const REWRITTEN = 200;
const GETS_AT_ONCE = 16;
const PAGE = 100;
/** Of so many cities the pages are asked for one. */
const CITIES = 5;

interface Order {
  readonly city: string;
  readonly total: number;
}

type Orders = readonly (readonly [id: string, order: Order])[];

/** What is asked of a document database. */
interface DocumentCalls {
  /** Begins anew with an empty collection. */
  empty(): Promise<void>;
  /** Many new documents and a checkpoint, as a projection writes them. */
  insert(documents: Orders): Promise<void>;
  /** The same with documents that are there. */
  rewrite(documents: Orders): Promise<void>;
  get(id: string): Promise<unknown>;
  /** The dearest orders from a city; their number. */
  page(city: string): Promise<number>;
}

/** The MongoDB adapter, beside the bare driver with the same work on the same server. */
export const mongoDb: Bench = {
  name: 'mongodb',
  async *figures({ rounds, seconds }) {
    await using server = await EngineServer.start('MongoDB');
    if (!server) return;
    await using client = await MongoClient.connect(server.database('bare'), {
      writeConcern: { w: 'majority', j: true },
    });
    const store = await MongoDbReadStore.open(server.database('adapter'));
    const [adapter, driver] = [throughPort(store), throughDriver(client)];
    const figures: [name: string, unit: string, measure: (calls: DocumentCalls, turn: number) => Promise<number>][] = [
      [
        `write of ${WRITTEN.toLocaleString('en')} new documents`,
        'documents/s',
        async (calls, turn) => {
          await calls.empty();
          return WRITTEN / (await secondsOf(() => calls.insert(someOrders(WRITTEN, turn))));
        },
      ],
      [
        `write of ${REWRITTEN} that are there`,
        'documents/s',
        async (calls, turn) => REWRITTEN / (await secondsOf(() => calls.rewrite(someOrders(REWRITTEN, turn)))),
      ],
      [
        `get by id, ${GETS_AT_ONCE} at once`,
        'gets/s',
        (calls) => perSecond(seconds / 2, GETS_AT_ONCE, () => calls.get(`order-${next++ % WRITTEN}`)),
      ],
      [
        `page of ${PAGE} by an index`,
        'pages/s',
        (calls) => perSecond(seconds / 2, 1, () => pageOf(calls, `city-${next++ % CITIES}`)),
      ],
    ];
    let next = 0;
    for (const [name, unit, measure] of figures) {
      let turn = 0;
      const samples = await inTurns(Math.min(rounds, 3), {
        adapter: () => measure(adapter, turn),
        driver: () => measure(driver, turn++),
      });
      const ceiling = { name: 'bare mongodb driver', samples: samples.driver };
      yield { name, unit, samples: samples.adapter, ceiling, aim: { of: 'ratio', atLeast: 0.8 } };
    }
    await store.close();
    for (const name of ['bare', 'adapter'])
      await client.db(new URL(server.database(name)).pathname.slice(1)).dropDatabase();
  },
};

function someOrders(count: number, turn: number): Orders {
  return Array.from({ length: count }, (_, n) => {
    return [`order-${n}`, { ...anOrder, city: `city-${n % CITIES}`, total: n + turn / 100 }] as const;
  });
}

async function pageOf(calls: DocumentCalls, city: string): Promise<void> {
  const found = await calls.page(city);
  if (found !== PAGE) throw new Error(`There were ${found} documents on the page, not ${PAGE}.`);
}

function throughPort(store: MongoDbReadStore): DocumentCalls {
  let checkpoint: Checkpoint | null = null;
  let position = 0;
  const write = async (documents: Orders): Promise<void> => {
    const writes = documents.map(([id, document]) => {
      return { collection: orders.name, id, document, position: String(++position) };
    });
    const to = { position: String(position), version: 1 };
    await store.write(writes, { projection: orders.name, from: checkpoint, to });
    checkpoint = to;
  };
  return {
    async empty() {
      await store.drop(orders.name);
      await store.define(orders);
    },
    insert: write,
    rewrite: write,
    get: (id) => store.get(orders.name, id),
    async page(city) {
      const page = await store.query(orders.name, { filter: { city }, sort: { total: -1 }, limit: PAGE });
      return page.items.length;
    },
  };
}

function throughDriver(client: MongoClient): DocumentCalls {
  const documents: Collection<Order & { _id: string }> = client.db().collection('orders');
  const checkpoints: Collection<{ _id: string; position: string }> = client.db().collection('checkpoints');
  let position = 0;
  const advance = async (by: number): Promise<void> => {
    const checkpoint = { position: String((position += by)) };
    await checkpoints.updateOne({ _id: 'orders' }, { $set: checkpoint }, { upsert: true });
  };
  return {
    async empty() {
      await documents.drop();
      await documents.createIndex({ city: 1, total: 1 });
    },
    async insert(orders) {
      await documents.bulkWrite(
        orders.map(([_id, order]) => ({ insertOne: { document: { _id, ...order } } })),
        { ordered: false },
      );
      await advance(orders.length);
    },
    async rewrite(orders) {
      // With updateOne and replaceOne FerretDB gets in its own way, for a second each.
      const updates = orders.map(([_id, $set]) => ({
        updateMany: { filter: { _id }, update: { $set }, upsert: true },
      }));
      await documents.bulkWrite(updates, { ordered: false });
      await advance(orders.length);
    },
    get: (_id) => documents.findOne({ _id }),
    page: async (city) => (await documents.find({ city }).sort({ total: -1 }).limit(PAGE).toArray()).length,
  };
}
