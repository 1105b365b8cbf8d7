import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AuditedStore, eventOf } from '#test/support/audited-store';
import { mulberry32 } from '#test/support/mulberry32';
import { copyEvents } from '#platform/copying/copy-events';
import { SqliteEventStore } from '#platform/event-store/sqlite-event-store.adapter';
import type { Finding, StoreVerification, VerifyOptions } from './verification.js';
import { verifyStore } from './verify-store.js';

let store: AuditedStore;
beforeEach(async () => {
  store = await AuditedStore.make();
  await store.grow(0, 300);
  await store.grow(300, 700);
  await store.grow(700, 720, { sign: false });
});
afterEach(() => store.remove());

const verify = (options: Partial<VerifyOptions> = {}): Promise<StoreVerification> =>
  store.open((events, tiles) => verifyStore(events, { publicKeys: [store.key.publicKey], tiles, ...options }));
const firstOf = async (options?: Partial<VerifyOptions>): Promise<Finding | undefined> =>
  (await verify(options)).findings[0];
/** The position of a leaf: heads take one each, behind the 300th and the 700th. */
const positionOf = (index: number): number => index + 1 + (index >= 300 ? 1 : 0) + (index >= 700 ? 1 : 0);

describe('a store that nobody has changed', () => {
  it('is intact, and says what nobody has signed yet', async () => {
    const done: number[] = [];
    const { findings, ...rest } = await verify({ onProgress: ({ done: so }) => done.push(so) });
    expect(findings).toEqual([]);
    expect(rest).toMatchObject({ intact: true, events: 720, heads: 2, covered: 700, uncovered: 20 });
    expect(done.at(-1)).toBe(720);
    expect(await verify({ tiles: undefined })).toMatchObject({ intact: true, covered: 700 });
  });

  it('is intact as a copy, too', async () => {
    const copy = await SqliteEventStore.open(':memory:');
    await store.open(async (events) => {
      await copyEvents(events, copy);
    });
    const verification = await verifyStore(copy, { publicKeys: [store.key.publicKey] });
    await copy.close();
    expect(verification).toMatchObject({ intact: true, events: 720, heads: 2, covered: 700 });
  });

  it('is not intact for a key that did not sign', async () => {
    const { publicKey } = generateKeyPairSync('ed25519');
    const { intact, findings, covered } = await verify({ publicKeys: [publicKey] });
    expect({ intact, covered, kinds: findings.map(({ kind }) => kind) }).toEqual({
      ...{ intact: false, covered: 0 },
      kinds: ['head', 'head'],
    });
    expect(findings[0]!.detail).toContain(store.key.keyId);
  });
});

const changes: [string, string][] = [
  ['data', `UPDATE events SET data = replace(data, 'Title', 'Tidle') WHERE position = ?`],
  ['data that is no JSON any more', `UPDATE events SET data = substr(data, 2) WHERE position = ?`],
  ['data as bytes', `UPDATE events SET data_bytes = CAST(data AS BLOB), data = '' WHERE position = ?`],
  ['metadata', `UPDATE events SET metadata = replace(metadata, 'user', 'admin') WHERE position = ?`],
  ['metadata as bytes', `UPDATE events SET metadata_bytes = CAST(metadata AS BLOB), metadata = '' WHERE position = ?`],
  ['type', `UPDATE events SET type = 'task.removed' WHERE position = ?`],
  ['time', 'UPDATE events SET recorded_at = recorded_at + 1 WHERE position = ?'],
  ['a time that there is not', 'UPDATE events SET recorded_at = 9e15 WHERE position = ?'],
  ['id', `UPDATE events SET id = zeroblob(16) WHERE position = ?`],
  ['a longer id', `UPDATE events SET id = CAST(id || x'00' AS BLOB) WHERE position = ?`],
  ['revision', 'UPDATE events SET revision = 100000 WHERE position = ?'],
  ['stream', `UPDATE events SET stream = (SELECT min(id) FROM streams), revision = 900000 WHERE position = ?`],
];

describe('the first event that is not as it was signed', () => {
  it.each(changes)('is named where its %s was changed', async (_, sql) => {
    store.change(sql.replace('00000 ', '00001 '), positionOf(611));
    store.change(sql, positionOf(412));
    const { findings, intact, root } = await verify();
    expect(findings).toMatchObject([{ kind: 'changed', event: { index: 412, position: String(positionOf(412)) } }]);
    expect({ intact, root }).toEqual({ intact: false, root: undefined });
    // Without the kept hashes the heads around it say where it is.
    expect(await firstOf({ tiles: undefined })).toMatchObject({
      ...{ kind: 'somewhere', range: { from: 300, to: 700 } },
      ...{ first: { index: 300 }, last: { index: 699 } },
    });
  });

  it('is named where the name of a stream was changed', async () => {
    store.change(`UPDATE streams SET name = 'main.task-other' WHERE name = 'main.task-3'`);
    expect(await firstOf()).toMatchObject({ kind: 'changed', event: { index: 3, stream: 'main.task-other' } });
  });

  it('is missed where its stream was made a system stream', async () => {
    store.change(`UPDATE streams SET name = '$task-3' WHERE name = 'main.task-3'`);
    expect(await firstOf()).toMatchObject({ kind: 'removed', index: 3, count: 1, before: { index: 2 } });
  });

  it.each([
    [1, 0],
    [1, 412],
    [3, 299],
    [1, 699],
    [30, 650],
  ])('is missed where %d from number %d on were removed', async (count, index) => {
    for (let n = index; n < index + count; n++) {
      store.change('DELETE FROM events WHERE position = ?', positionOf(n));
    }
    expect(await firstOf()).toMatchObject({
      ...{ kind: 'removed', index, count, after: { id: eventOf(index + count).id } },
      ...(index > 0 && { before: { id: eventOf(index - 1).id } }),
    });
  });

  it('is missed at the end of the log', async () => {
    store.change(
      'DELETE FROM events WHERE position >= ? AND stream IN (SELECT id FROM streams WHERE name LIKE ?)',
      652,
      'm%',
    );
    expect(await firstOf()).toMatchObject({ kind: 'removed', index: 650, count: 50, before: { index: 649 } });
    expect(await firstOf({ tiles: undefined })).toMatchObject({ kind: 'somewhere', range: { from: 300, to: 700 } });
  });

  it('is named where it was inserted', async () => {
    const place = positionOf(412);
    store.change('UPDATE events SET position = position + 1000000 WHERE position >= ?', place);
    store.change(
      `INSERT INTO events (position, stream, revision, id, type, data, metadata, recorded_at)
       SELECT ?, stream, 5000, randomblob(16), type, data, metadata, recorded_at FROM events WHERE position = 5`,
      place,
    );
    expect(await firstOf()).toMatchObject({ kind: 'inserted', event: { index: 412, revision: 5000 } });
  });

  it('is named where two have changed places', async () => {
    const [a, b] = [positionOf(400), positionOf(420)];
    store.change('UPDATE events SET position = -1 WHERE position = ?', a);
    store.change('UPDATE events SET position = ? WHERE position = ?', a, b);
    store.change('UPDATE events SET position = ? WHERE position = -1', b);
    expect(await firstOf()).toMatchObject({ kind: 'moved', event: { index: 400, id: eventOf(420).id } });
  });

  it('is named where nobody has signed it, as far as the kept hashes say', async () => {
    store.change(`UPDATE events SET data = '{}' WHERE position = ?`, positionOf(710));
    expect(await firstOf()).toMatchObject({
      kind: 'tiles',
      index: 710,
      detail: expect.stringContaining('Nobody has signed'),
    });
    expect(await verify({ tiles: undefined })).toMatchObject({ intact: true, covered: 700, uncovered: 20 });
  });
});

it('any single change of any event is found', async () => {
  const original = await readFile(store.file);
  const random = mulberry32(11);
  for (let round = 0; round < 15; round++) {
    const index = Math.floor(random() * 700);
    const [, sql] = changes[Math.floor(random() * changes.length)]!;
    store.change(random() < 0.2 ? 'DELETE FROM events WHERE position = ?' : sql, positionOf(index));
    const finding = await firstOf();
    expect(finding?.kind).toMatch(/changed|removed/);
    expect(finding).toMatchObject(finding?.kind === 'removed' ? { index, count: 1 } : { event: { index } });
    expect(await verify({ tiles: undefined })).toMatchObject({ intact: false, covered: index < 300 ? 0 : 300 });
    await writeFile(store.file, original);
  }
});

describe('a head', () => {
  const head = `stream = (SELECT id FROM streams WHERE name = '$audit-heads')`;

  it('that was changed is found', async () => {
    store.change(`UPDATE events SET data = replace(data, '"size":300', '"size":299') WHERE ${head} AND revision = 0`);
    expect((await verify()).findings).toMatchObject([{ kind: 'head', revision: 0 }]);
  });

  it('that is missing is found', async () => {
    store.change(`DELETE FROM events WHERE ${head} AND revision = 0`);
    expect((await verify()).findings).toMatchObject([
      { kind: 'head', revision: 0, detail: expect.stringContaining('missing') },
    ]);
  });

  it('that is no JSON any more is found', async () => {
    store.change(`UPDATE events SET data = '{' WHERE ${head}`);
    expect((await verify()).findings).toMatchObject([{ kind: 'head' }, { kind: 'head' }]);
  });

  it('that its stream hides counts all the same', async () => {
    await store.open(async (events) => {
      await events.setMetadata('$audit-heads', { truncateBefore: 2 });
      await events.delete('$audit-heads', 'any', 'tombstone');
    });
    expect(await verify()).toMatchObject({ intact: true, heads: 2, covered: 700 });
  });

  it('kept elsewhere shows that the log was cut off with its heads', async () => {
    const note = await store.key.rememberedHead();
    store.change(`DELETE FROM events WHERE position > 301`);
    expect(await verify({ tiles: undefined })).toMatchObject({ intact: true, events: 300 });
    const { findings } = await verify({ notes: [note!] });
    expect(findings).toMatchObject([{ kind: 'removed', index: 300, before: { index: 299 } }]);
  });

  it('of another history with the same size contradicts the first', async () => {
    const other = await AuditedStore.make();
    await copyFile(join(store.folder, 'audit.key'), join(other.folder, 'audit.key'));
    await other.grow(1, 301);
    const forged = await other.open(async (events) => (await events.read('$audit-heads')).events[0]!.data);
    await other.remove();
    expect(await firstOf({ notes: [(forged as { note: string }).note] })).toMatchObject({ kind: 'head' });
  });
});

it('kept hashes that are wrong do not make the events wrong', async () => {
  await store.open((_, documents) =>
    documents.write([
      {
        collection: 'audit_tiles',
        id: '0/1',
        document: { level: 0, index: 1, hashes: 'AAAA'.repeat(2731), after: '' },
      },
    ]),
  );
  expect((await verify()).findings).toMatchObject([{ kind: 'tiles', index: 256 }]);
});

describe('bytes of the file', () => {
  it('flipped anywhere in the content of events are found, and the first of them is named', async () => {
    const original = await readFile(store.file);
    const random = mulberry32(5);
    for (let round = 0; round < 15; round++) {
      const index = Math.floor(random() * 700);
      const needle = Buffer.from(JSON.stringify(eventOf(index).data));
      // Pages that were split have an old copy of it before the one that counts.
      const place = original.lastIndexOf(needle);
      expect(place).toBeGreaterThan(0);
      const flipped = Buffer.from(original);
      flipped[place + Math.floor(random() * needle.length)]! ^= 1 << Math.floor(random() * 8);
      await writeFile(store.file, flipped);
      expect(await firstOf()).toMatchObject({ kind: 'changed', event: { index, position: String(positionOf(index)) } });
    }
  });

  it('flipped anywhere in the file never go unnoticed where they change an event, and never break the verification', async () => {
    const original = await readFile(store.file);
    // A position is no part of an event, only the order that it gives.
    const leaves = () =>
      store.open(async (events) => {
        const slice = await events.readAll({ hidden: true, limit: 700 });
        const contents = slice.events.map(({ position: _, ...event }) => event);
        return createHash('sha256').update(JSON.stringify(contents)).digest('hex');
      });
    const before = await leaves();
    const random = mulberry32(7);
    let found = 0;
    for (let round = 0; round < 30; round++) {
      const flipped = Buffer.from(original);
      flipped[100 + Math.floor(random() * (original.length - 100))]! ^= 1 << Math.floor(random() * 8);
      await writeFile(store.file, flipped);
      let verification: StoreVerification;
      try {
        verification = await verify();
      } catch (error) {
        // The file cannot be opened at all.
        expect((error as Error).message).toMatch(/damaged|not a|cannot|malformed|version|corrupt/i);
        continue;
      }
      if (!verification.intact) found++;
      else expect(await leaves()).toBe(before);
    }
    expect(found).toBeGreaterThan(5);
  });

  it('of a page that is destroyed are reported with the last event before it', async () => {
    const original = await readFile(store.file);
    const place = original.indexOf(JSON.stringify(eventOf(500).data));
    const page = Math.floor(place / 4_096);
    original.fill(0xff, page * 4_096, (page + 1) * 4_096);
    await writeFile(store.file, original);
    const { findings, intact } = await verify();
    expect(intact).toBe(false);
    const [first] = findings;
    expect(first).toMatchObject({ kind: 'unreadable', detail: expect.stringContaining('malformed') });
    const { index } = first as Extract<Finding, { kind: 'unreadable' }>;
    expect([500 - index >= 0, 500 - index < 40]).toEqual([true, true]);
  });
});
