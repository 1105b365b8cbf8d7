import { type Collection, MongoClient } from 'mongodb';
import type { ReadModel } from '#kernel/projection';
import { MongoDbReadStore } from '#platform/read-store/mongodb-read-store.adapter';
import type { Checkpoint } from '#platform/read-store/read-store.port';
import type { Bench } from './bench.js';
import { EngineServer } from './processes/engine-server.js';
import { inTurns, perSecond, secondsOf } from './rounds.js';
import { anOrder } from './seed.js';

const orders: ReadModel<object> = { name: 'orders', indexes: [{ fields: ['city', 'total'] }] };
const WRITTEN_AT_ONCE = 1_000;
const GETS_AT_ONCE = 16;
const PAGE = 100;
/** FerretDB looks at every document of a collection to change one. */
const MOST_ROUNDS = 3;
/** Of so many cities the pages are asked for one. */
const CITIES = 5;

interface Order {
  readonly city: string;
  readonly total: number;
}

/** What is asked of a document database. */
interface DocumentCalls {
  /** Begins anew with an empty collection. */
  empty(): Promise<void>;
  /** Many documents and a checkpoint, as a projection writes them. */
  write(documents: readonly [id: string, order: Order][]): Promise<void>;
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
        `write of ${WRITTEN_AT_ONCE.toLocaleString('en')} new documents`,
        'documents/s',
        async (calls, turn) => {
          await calls.empty();
          return WRITTEN_AT_ONCE / (await secondsOf(() => calls.write(someOrders(turn))));
        },
      ],
      [
        `write of ${WRITTEN_AT_ONCE.toLocaleString('en')} that are there`,
        'documents/s',
        async (calls, turn) => WRITTEN_AT_ONCE / (await secondsOf(() => calls.write(someOrders(turn)))),
      ],
      [
        `get by id, ${GETS_AT_ONCE} at once`,
        'gets/s',
        (calls) => perSecond(seconds / 2, GETS_AT_ONCE, () => calls.get(`order-${next++ % WRITTEN_AT_ONCE}`)),
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
      const samples = await inTurns(Math.min(rounds, MOST_ROUNDS), {
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

function someOrders(turn: number): [string, Order][] {
  return Array.from({ length: WRITTEN_AT_ONCE }, (_, n) => {
    return [`order-${n}`, { ...anOrder, city: `city-${n % CITIES}`, total: n + turn / 100 }];
  });
}

async function pageOf(calls: DocumentCalls, city: string): Promise<void> {
  const found = await calls.page(city);
  if (found !== PAGE) throw new Error(`There were ${found} documents on the page, not ${PAGE}.`);
}

function throughPort(store: MongoDbReadStore): DocumentCalls {
  let checkpoint: Checkpoint | null = null;
  let position = 0;
  return {
    async empty() {
      await store.drop(orders.name);
      await store.define(orders);
    },
    async write(documents) {
      const writes = documents.map(([id, document]) => {
        return { collection: orders.name, id, document, position: String(++position) };
      });
      const to = { position: String(position), version: 1 };
      await store.write(writes, { projection: orders.name, from: checkpoint, to });
      checkpoint = to;
    },
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
  return {
    async empty() {
      await documents.drop();
      await documents.createIndex({ city: 1, total: 1 });
    },
    async write(orders) {
      // With updateOne and replaceOne FerretDB gets in its own way, for a second each.
      const updates = orders.map(([_id, $set]) => ({
        updateMany: { filter: { _id }, update: { $set }, upsert: true },
      }));
      await documents.bulkWrite(updates, { ordered: false });
      const checkpoint = { position: String((position += orders.length)) };
      await checkpoints.updateOne({ _id: 'orders' }, { $set: checkpoint }, { upsert: true });
    },
    get: (_id) => documents.findOne({ _id }),
    page: async (city) => (await documents.find({ city }).sort({ total: -1 }).limit(PAGE).toArray()).length,
  };
}
