import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EventStore } from '#platform/event-store/event-store.port';
import { SqliteEventStore } from '#platform/event-store/sqlite-event-store.adapter';
import { placesOf } from '#test/support/bytes-on-disk';
import { KeysLost, MasterKeyDiffers, MasterKeyMissing, MasterKeyUnusable } from './erasure.errors.js';
import { KeyStore } from './key-store.js';
import { SubjectKeys, type KeyOptions } from './subject-keys.js';
import { rewrap } from './wrapping.js';

const NOW = new Date('2026-03-01T12:00:00Z');

let folder: string;
let events: EventStore;
let opened: SubjectKeys[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'perdure-keys-'));
  events = await SqliteEventStore.open(join(folder, 'events.db'));
  opened = [];
});
afterEach(async () => {
  await closeAll();
  await events.close();
  rmSync(folder, { recursive: true });
});

const masterFile = () => join(folder, 'master.key');
const closeAll = async () => {
  await Promise.all(opened.map((keys) => keys.onApplicationShutdown()));
  opened = [];
};
const start = async (more: KeyOptions = {}): Promise<SubjectKeys> => {
  const keys = new SubjectKeys(
    { keys: `sqlite:${join(folder, 'keys.db')}`, masterKey: { file: masterFile() }, ...more },
    events,
  );
  opened.push(keys);
  await keys.onModuleInit();
  return keys;
};
const keyOf = async (keys: SubjectKeys, subject = 'ada') => {
  const since = keys.now();
  await keys.obtain('main', subject);
  return keys.peekFor('main', subject, since)!;
};

describe('the keys of subjects', () => {
  it('are made when they are first needed, with their store and their master key', async () => {
    const keys = await start();
    expect(keys.none).toBe(true);
    expect(existsSync(join(folder, 'keys.db'))).toBe(false);
    const key = await keyOf(keys);
    expect(key).toMatchObject({ tenant: 'main', subject: 'ada' });
    expect(key.secret).toHaveLength(32);
    expect(keys.none).toBe(false);
    for (const file of ['master.key', 'keys.db']) expect(statSync(join(folder, file)).mode & 0o777).toBe(0o600);
    expect(await keyOf(keys)).toEqual(key);
    expect((await keyOf(keys, 'bob')).id).not.toBe(key.id);
  });

  it('are one for all who ask at the same time', async () => {
    const keys = await start();
    await Promise.all(Array.from({ length: 20 }, () => keys.obtain('main', 'ada')));
    expect(await keys.of('main', 'ada')).toHaveLength(1);
  });

  it('are the same after a start, and lie wrapped', async () => {
    const key = await keyOf(await start());
    for (const text of [key.secret.toString('base64'), key.secret.toString('base64url'), key.secret.toString('hex')])
      expect(placesOf(text, folder)).toEqual([]);
    await closeAll();
    const keys = await start();
    expect(keys.none).toBe(false);
    expect((await keys.load([key.id])).get(key.id)).toEqual(key);
    expect(await keyOf(keys)).toEqual(key);
  });

  it('are gone from the store, its files and memory once they are destroyed', async () => {
    const keys = await start();
    const key = await keyOf(keys);
    await keyOf(keys, 'bob');
    const [record] = await keys.of('main', 'ada');
    const wrapped = record!.document.wrapped!;
    expect(placesOf(wrapped, folder)).not.toEqual([]);
    expect(await keys.destroy('main', 'ada', NOW)).toEqual({ keyIds: [key.id], now: 1 });
    expect(placesOf(wrapped, folder)).toEqual([]);
    expect((await keys.load([key.id])).get(key.id)).toBeNull();
    expect(await keys.destroy('main', 'ada', NOW)).toEqual({ keyIds: [key.id], now: 0 });
    expect(await keys.destroy('main', 'nobody', NOW)).toEqual({ keyIds: [], now: 0 });
    expect(await keys.of('main', 'ada')).toMatchObject([{ document: { wrapped: null, erasedAt: NOW.toISOString() } }]);
    expect((await keys.of('main', 'bob'))[0]!.document.wrapped).not.toBeNull();
    await closeAll();
    expect(placesOf(wrapped, folder)).toEqual([]);
  });

  it('are gone from the files at the next start, where the process ended before it could cut off the log', async () => {
    const keys = await start();
    const { id } = await keyOf(keys);
    const { document } = (await keys.of('main', 'ada'))[0]!;
    const store = new KeyStore(`sqlite:${join(folder, 'keys.db')}`);
    await store.write([{ id, document: { ...document, wrapped: null, master: null } }]);
    // What lies on the disk at this moment is what a killed process leaves behind.
    const left = mkdtempSync(join(tmpdir(), 'perdure-left-'));
    for (const end of ['', '-wal']) cpSync(join(folder, `keys.db${end}`), join(left, `keys.db${end}`));
    await store.close();
    expect(placesOf(document.wrapped!, left)).not.toEqual([]);
    const later = new KeyStore(`sqlite:${join(left, 'keys.db')}`);
    expect((await later.get([id])).get(id)).toMatchObject({ wrapped: null });
    expect(placesOf(document.wrapped!, left)).toEqual([]);
    await later.close();
    rmSync(left, { recursive: true });
  });

  it('are others after an erasure, also for whoever asked while it went on', async () => {
    const keys = await start();
    const before = await keyOf(keys);
    await closeAll();
    const again = await start();
    await Promise.all([again.obtain('main', 'ada'), again.destroy('main', 'ada', NOW), again.load([before.id])]);
    expect(again.peek(before.id) ?? null).toBeNull();
    const after = again.peekFor('main', 'ada', 0);
    expect(after?.id).not.toBe(before.id);
    expect((await keyOf(again)).id).not.toBe(before.id);
  });

  it('are known to have been there where only the events were kept', async () => {
    await keyOf(await start());
    await closeAll();
    for (const end of ['', '-wal', '-shm', '-owner']) rmSync(join(folder, `keys.db${end}`), { force: true });
    const keys = await start();
    expect(keys.none).toBe(false);
    expect((await keys.load(['lost'])).get('lost')).toBeNull();
  });

  it('are known to be lost where their store is gone, also when others were made since, until it is back', async () => {
    const dropStore = () => {
      for (const end of ['', '-wal', '-shm', '-owner']) rmSync(join(folder, `keys.db${end}`), { force: true });
    };
    const first = await start();
    expect(await first.lost()).toBeUndefined();
    const { id } = await keyOf(first);
    expect(await first.lost()).toBeUndefined();
    await closeAll();
    cpSync(join(folder, 'keys.db'), join(folder, 'backup.db'));
    dropStore();
    const without = await start();
    expect(await without.lost()).toMatchObject({
      code: 'keys-lost',
      message: expect.stringContaining('keys.db) back'),
    });
    expect(existsSync(join(folder, 'keys.db'))).toBe(false);
    await keyOf(without);
    expect(await without.lost()).toMatchObject({ message: expect.stringContaining('made after it was gone') });
    await closeAll();
    expect(await (await start()).lost()).toBeInstanceOf(KeysLost);
    await closeAll();
    dropStore();
    cpSync(join(folder, 'backup.db'), join(folder, 'keys.db'));
    const back = await start();
    expect(await back.lost()).toBeUndefined();
    expect((await back.load([id])).get(id)).not.toBeNull();
    expect(await back.lost()).toBeUndefined();
  });

  it('are known to be lost where their store is older than what was sealed', async () => {
    const keys = await start();
    await keyOf(keys);
    expect((await keys.load(['made-later'])).get('made-later')).toBeNull();
    expect(await keys.lost()).toMatchObject({ message: expect.stringContaining('older than the events') });
  });

  it('are not lost where all of them were destroyed', async () => {
    const keys = await start();
    const { id } = await keyOf(keys);
    await keys.destroy('main', 'ada', NOW);
    await closeAll();
    const later = await start();
    expect((await later.load([id])).get(id)).toBeNull();
    expect(await later.lost()).toBeUndefined();
  });

  it('are not lost where a process ended after it had said that sealing begins', async () => {
    const keys = await start();
    const append = jest.spyOn(events, 'append').mockImplementationOnce(async (...args) => {
      append.mockRestore();
      await events.append(...args);
      throw new Error('ended');
    });
    await expect(keyOf(keys)).rejects.toThrow('ended');
    await closeAll();
    expect(await (await start()).lost()).toBeUndefined();
  });
});

describe('the master key', () => {
  it('must be there, and the same, where it wrapped something', async () => {
    const key = await keyOf(await start());
    await closeAll();
    const text = readFileSync(masterFile(), 'utf8');
    rmSync(masterFile());
    await expect(start()).rejects.toThrow(MasterKeyMissing);
    await closeAll();
    writeFileSync(masterFile(), Buffer.alloc(32, 1).toString('base64'));
    await expect(start()).rejects.toThrow(MasterKeyDiffers);
    await closeAll();
    writeFileSync(masterFile(), 'too short');
    await expect(start()).rejects.toThrow(MasterKeyUnusable);
    await closeAll();
    const keys = await start({ masterKey: { key: text.trim() } });
    expect((await keys.load([key.id])).get(key.id)).toEqual(key);
  });

  it('may be replaced by another, and then is the only one that opens', async () => {
    const keys = await start();
    const before = [await keyOf(keys), await keyOf(keys, 'bob')];
    const other = { key: Buffer.alloc(32, 2).toString('base64') };
    await closeAll();
    const store = new KeyStore(`sqlite:${join(folder, 'keys.db')}`);
    expect(await rewrap(store, { file: masterFile() }, other, randomBytes)).toBe(2);
    expect(await rewrap(store, { file: masterFile() }, other, randomBytes)).toBe(0);
    await store.close();
    await expect(start()).rejects.toThrow(MasterKeyDiffers);
    await closeAll();
    const later = await start({ masterKey: other });
    expect([await keyOf(later), await keyOf(later, 'bob')]).toEqual(before);
  });
});
