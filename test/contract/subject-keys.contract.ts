import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { setTimeout } from 'node:timers/promises';
import type { EventStore } from '#platform/event-store/event-store.port';
import { SqliteEventStore } from '#platform/event-store/sqlite-event-store.adapter';
import { MasterKeyNotSet } from '#platform/erasure/erasure.errors';
import { type KeyOptions, SubjectKeys } from '#platform/erasure/subject-keys';
import { engineSuite } from '#test/support/engines/engine-suite';

const STALE_AFTER = 300;
const MASTER = { key: Buffer.alloc(32, 3).toString('base64') };

/** Keys in a MongoDB that several processes share: here two, each with what it has in memory. */
engineSuite('ferretdb', (engine) => {
  let databases = 0;
  let events: EventStore;
  let opened: SubjectKeys[] = [];
  let url: string;

  beforeEach(async () => {
    events = await SqliteEventStore.open(':memory:');
    url = `${engine().url}keys${++databases}`;
  });
  afterEach(async () => {
    await Promise.all(opened.map((keys) => keys.onApplicationShutdown()));
    opened = [];
    await events.close();
  });

  const start = async (more: KeyOptions = {}): Promise<SubjectKeys> => {
    const keys = new SubjectKeys({ keys: url, masterKey: MASTER, staleAfter: STALE_AFTER, ...more }, events);
    opened.push(keys);
    await keys.onModuleInit();
    return keys;
  };

  it('are not used before others know that something is sealed', async () => {
    const [one, other] = [await start(), await start()];
    expect([one.none, other.none]).toEqual([true, true]);
    await one.obtain('main', 'ada');
    expect(one.none).toBe(false);
    // The first look asks in the background; until it is answered nothing is certain.
    expect(other.none).toBe(false);
  });

  it('open for all of them, and end for all of them', async () => {
    const [one, other] = [await start(), await start()];
    await one.obtain('main', 'ada');
    const { id, secret } = one.peekFor('main', 'ada', 0)!;
    expect((await other.load([id])).get(id)?.secret).toEqual(secret);
    const began = performance.now();
    await one.destroy('main', 'ada', new Date());
    expect((await one.load([id])).get(id)).toBeNull();
    while ((await other.load([id])).get(id)) {
      expect(performance.now() - began).toBeLessThan(10_000);
      await setTimeout(20);
    }
  });

  it('seal nothing once another process destroyed them', async () => {
    const [one, other] = [await start(), await start()];
    await one.obtain('main', 'ada');
    await other.obtain('main', 'ada');
    const { id } = other.peekFor('main', 'ada', 0)!;
    await one.destroy('main', 'ada', new Date());
    const since = other.now();
    expect(other.peekFor('main', 'ada', since)).toBeUndefined();
    await other.obtain('main', 'ada');
    expect(other.peekFor('main', 'ada', since)!.id).not.toBe(id);
  });

  it('all end, where two were made at the same time', async () => {
    const [one, other] = [await start(), await start()];
    await Promise.all([one.obtain('main', 'ada'), other.obtain('main', 'ada')]);
    await one.destroy('main', 'ada', new Date());
    for (const { document } of await other.of('main', 'ada')) expect(document.wrapped).toBeNull();
  });

  it('are not wrapped by a master key that only one of them would have', async () => {
    const keys = await start({ masterKey: { file: '/nowhere/master.key' } });
    await expect(keys.obtain('main', 'ada')).rejects.toThrow(MasterKeyNotSet);
  });
});
