import { afterAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { MongoClient } from 'mongodb';
import { MongoDbReadStore } from '#platform/read-store/mongodb-read-store.adapter';
import { DocumentNotStorable, ReadStoreUnavailable } from '#platform/read-store/read-store.errors';
import { engineSuite } from '#test/support/engines/engine-suite';
import { loopbackPort } from '#test/support/engines/loopback-port';
import { CommandGate } from './read-store/command-gate.js';
import { definedAtOnce } from './read-store/defined-at-once.js';
import type { OpenStore } from './read-store/open-store.js';
import { positionGuard } from './read-store/position-guard.js';
import { readStoreContract, reopeningContract } from './read-store/read-store-contract.js';

engineSuite('ferretdb', (engine) => {
  const { open } = databases(() => engine().url);
  readStoreContract('FerretDB', open, { documents: 10_000, runs: 8 });
  reopeningContract('FerretDB', open);
  definedAtOnce('FerretDB', open);
  positionGuard(
    () => engine().url,
    (url) => MongoDbReadStore.open(url),
  );
});

describe('a MongoDB that cannot be reached', () => {
  it('is named, without the password', async () => {
    const url = `mongodb://somebody:s3cret@127.0.0.1:${await loopbackPort()}/app?serverSelectionTimeoutMS=200`;
    const error = await MongoDbReadStore.open(url).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(ReadStoreUnavailable);
    expect((error as Error).message).toMatch(/127\.0\.0\.1.*PERDURE_READ_STORE/s);
    expect((error as Error).message).not.toContain('s3cret');
  });
});

engineSuite('ferretdb', (engine) => {
  it('says that it does not answer while the server is away, and goes on when it is back', async () => {
    const store = await MongoDbReadStore.open(`${engine().url}away?serverSelectionTimeoutMS=300`);
    await store.define({ name: 'c', indexes: [] });
    await store.write([{ collection: 'c', id: 'a', document: { n: 1 } }]);
    await engine().kill();
    const write = store.write([{ collection: 'c', id: 'b', document: { n: 2 } }]);
    await expect(write).rejects.toMatchObject({ kind: 'unavailable', code: 'store-unavailable' });
    await expect(store.get('c', 'a')).rejects.toMatchObject({ kind: 'unavailable' });
    await engine().start();
    expect(await store.get('c', 'a')).toEqual({ n: 1 });
    await store.write([{ collection: 'c', id: 'b', document: { n: 2 } }]);
    expect(await store.count('c')).toBe(2);
    await store.close();
    await store.close();
    await expect(store.get('c', 'a')).rejects.toBeInstanceOf(ReadStoreUnavailable);
  });

  it('says that it does not answer when it is gone in the middle of a write', async () => {
    const gate = await CommandGate.to(`${engine().url}middle?serverSelectionTimeoutMS=300`);
    const store = await MongoDbReadStore.open(gate.url);
    await store.define({ name: 'c', indexes: [] });
    // The first finds the collection, the second would write.
    const closed = gate.closeAfter(1, 'lost');
    const write = store.write([{ collection: 'c', id: 'a', document: { n: 1 } }]);
    write.catch(() => {}); // looked at below
    await closed;
    await gate.close();
    await expect(write).rejects.toBeInstanceOf(ReadStoreUnavailable);
    await store.close();
  });

  it('rewrites more documents than go into one command', async () => {
    const gate = await CommandGate.to(`${engine().url}parts`);
    const store = await MongoDbReadStore.open(gate.url);
    await store.define({ name: 'c', indexes: [] });
    const put = (n: number) =>
      store.write(Array.from({ length: 1_030 }, (_, i) => ({ collection: 'c', id: `d${i}`, document: { n } })));
    await put(1);
    expect(await store.count('c', { n: 1 })).toBe(1_030);
    const before = gate.passed;
    await put(2);
    // Twice which are there; the rewrites of the first thousand, and those of the rest.
    expect(gate.passed - before).toBe(1 + 2 + 20 + 1);
    expect(await store.count('c', { n: 2 })).toBe(1_030);
    await store.close();
    await gate.close();
  }, 60_000);

  it('refuses what a document cannot be, and keeps what it can', async () => {
    const store = await MongoDbReadStore.open(`${engine().url}odd`);
    await store.define({ name: 'c', indexes: [] });
    const put = (document: object) => store.write([{ collection: 'c', id: 'a', document }]);
    await expect(put({ text: 'x'.repeat(17 * 2 ** 20) })).rejects.toThrow(/16 MiB/);
    const deep = Array.from({ length: 200 }).reduce<object>((inner) => ({ inner }), {});
    await expect(put(deep)).rejects.toBeInstanceOf(DocumentNotStorable);
    expect(await store.count('c')).toBe(0);
    const odd = {
      _id: 'own',
      'a.b': 1,
      $set: { $ref: 'x', $id: 1 },
      '%a': [1],
      _bsontype: 'Long',
      'n\0l': [[1, [2]], []],
    };
    await put(odd);
    expect(JSON.stringify(await store.get('c', 'a'))).toBe(JSON.stringify(odd));
    expect(await store.count('c', { 'n\0l': [[1, [2]], []] })).toBe(1);
    expect(await store.count('c', { _id: 'own' })).toBe(0);
    await put({ at: new Date(0), gone: undefined, none: NaN, list: [undefined, Infinity] });
    expect(await store.get('c', 'a')).toEqual({ at: '1970-01-01T00:00:00.000Z', none: null, list: [null, null] });
    await store.close();
  });
});

const real = process.env['MONGODB_URL'];
if (real) {
  describe('MONGODB_URL', () => {
    const { open, drop } = databases(() => real);
    afterAll(drop, 60_000);
    readStoreContract('MongoDB', open, { runs: 50 });
    reopeningContract('MongoDB', open);
    definedAtOnce('MongoDB', open);
  });
}

/** Each store in a database of its own. */
function databases(server: () => string): { open: OpenStore; drop: () => Promise<void> } {
  const run = randomUUID().slice(0, 8);
  const names = new Set<string>();
  let opened = 0;
  return {
    open(name = `store${opened++}`) {
      const database = `perdure-test-${run}-${name}`;
      names.add(database);
      const url = new URL(server());
      url.pathname = `/${database}`;
      return MongoDbReadStore.open(url.href);
    },
    async drop() {
      const client = await MongoClient.connect(server());
      for (const name of names) await client.db(name).dropDatabase();
      await client.close();
    },
  };
}
