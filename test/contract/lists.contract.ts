import { MongoDbReadStore } from '#platform/read-store/mongodb-read-store.adapter';
import { SqliteReadStore } from '#platform/read-store/sqlite-read-store.adapter';
import { engineSuite } from '#test/support/engines/engine-suite';
import { edgesContract } from './read-store/edges-contract.js';
import { relationshipsContract } from './read-store/relationships-contract.js';

const inMemory = () => SqliteReadStore.open(':memory:');

edgesContract('SQLite', inMemory);
relationshipsContract('SQLite', inMemory);

engineSuite('ferretdb', (engine) => {
  edgesContract('FerretDB', () => MongoDbReadStore.open(`${engine().url}edges`));
  relationshipsContract('FerretDB', () => MongoDbReadStore.open(`${engine().url}relationships`));
});
