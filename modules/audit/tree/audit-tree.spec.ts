import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import type { Recorded } from '#kernel/event';
import { leafHash, sha256 } from '#platform/merkle/hashes';
import { MerkleProofs } from '#platform/merkle/merkle-proofs';
import { MerkleTree } from '#platform/merkle/merkle-tree';
import { verifyConsistency, verifyInclusion } from '#platform/merkle/verify-proofs';
import { JsonText } from '#platform/event-store/event-content';
import { SqliteEventStore } from '#platform/event-store/sqlite-event-store.adapter';
import { SqliteReadStore } from '#platform/read-store/sqlite-read-store.adapter';
import { eventOf } from '#test/support/audited-store';
import { piecemeal } from '#test/support/piecemeal-store';
import { AuditTree } from './audit-tree.js';
import { leafHashOf, leafOf } from './leaf.js';
import { TileBuilder } from './tile-builder.js';
import { auditTiles, HashTiles } from './tiles.js';
import { TreeWriter } from './tree-writer.js';
import { TreeIncomplete } from './tree.errors.js';

let events: SqliteEventStore;
let documents: SqliteReadStore;
beforeEach(async () => {
  events = await SqliteEventStore.open(':memory:');
  documents = await SqliteReadStore.open(':memory:');
  await documents.define(auditTiles);
});
afterEach(async () => {
  await events.close();
  await documents.close();
});

const append = async (from: number, to: number): Promise<void> => {
  for (let n = from; n < to; n++) await events.append(`main.task-${n % 5}`, 'any', [eventOf(n)]);
};
const leaves = async () => (await events.readAll({ hidden: true, limit: 10_000 })).events;

/** What the tree should be, by all events of the store. */
async function expectWhole(tree: AuditTree): Promise<void> {
  const all = await leaves();
  const expected = new MerkleTree();
  for (const event of all) expected.add(leafOf(event));
  expect(await tree.size()).toBe(all.length);
  expect(await tree.root(all.length)).toEqual(expected.root());
}

describe('the leaf of an event', () => {
  it('is made of bytes as they are documented', async () => {
    const data = new JsonText('{"n": 1.0}');
    await events.append('main.task-ü', 'none', [{ ...eventOf(1), data, metadata: Buffer.from([1, 2]) }]);
    const [event] = await leaves();
    const parts = [
      'main.task-ü',
      '0',
      eventOf(1).id,
      'task.created',
      event!.recordedAt,
      '{"n": 1.0}',
      Buffer.from([1, 2]),
    ];
    const fields = parts.map((part) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(Buffer.byteLength(part));
      return Buffer.concat([length, Buffer.from(part as string)]);
    });
    const leaf = Buffer.concat([Buffer.of(1, 1), ...fields]);
    expect(Buffer.from(leafOf(event!))).toEqual(leaf);
    expect(leafHashOf(event!)).toEqual(createHash('sha256').update(Buffer.of(0)).update(leaf).digest());
  });

  it('is the one in docs/guides/audit.md', () => {
    const event = {
      ...{ stream: 'main.task-1', revision: 0, id: '00000000-0000-7000-8000-000000000001', type: 'task.created' },
      ...{ recordedAt: '2026-01-01T00:00:00.000Z', data: { title: 'Déjà vu' }, metadata: { tenant: 'main' } },
    };
    const hash = leafHashOf({ ...event, position: '1' } as unknown as Recorded).toString('hex');
    expect(readFileSync('docs/guides/audit.md', 'utf8')).toContain(`\`${hash}\``);
  });

  it('of a large event is right, and so is the next one', async () => {
    await events.append('main.task-1', 'any', [{ ...eventOf(1), data: { text: 'ü'.repeat(100_000) } }, eventOf(2)]);
    for (const event of await leaves()) expect(leafHashOf(event)).toEqual(leafHash(leafOf(event)));
    expect(leafOf((await leaves())[0]!).length).toBeGreaterThan(200_000);
  });
});

describe('the tree of a store', () => {
  it('has all events but those of system streams, hidden ones too, and proves each', async () => {
    await append(0, 300);
    await events.setMetadata('main.task-1', { truncateBefore: 20 });
    await events.append('$others', 'any', [eventOf(1_000)]);
    await events.delete('main.task-2', 'any', 'soft');
    await events.delete('main.task-3', 'any', 'tombstone');
    await append(304, 305);
    const tree = new AuditTree(events, documents);
    const writer = new TreeWriter(events, documents, tree, { pageSize: 70 });
    await writer.load();
    while (!(await writer.grow()));
    const all = await leaves();
    expect(all).toHaveLength(301);
    await expectWhole(tree);
    const root = await tree.root(301);
    for (const [index, event] of all.entries()) {
      expect(await tree.indexOf(event.position)).toBe(index);
      const proof = await tree.inclusion(index, 301);
      expect(verifyInclusion({ index, size: 301, leafHash: leafHashOf(event), root, proof })).toBe(true);
    }
    const system = (await events.readAll({ system: true, limit: 1_000 })).events.find(
      ({ stream }) => stream === '$others',
    );
    expect(await tree.indexOf(system!.position)).toBeUndefined();
    expect(await tree.indexOf('999999')).toBeUndefined();
    await expect(tree.root(302)).rejects.toThrow(TreeIncomplete);
  });

  it('goes on where it was, and is built anew where its tiles are gone or of another store', async () => {
    const tree = new AuditTree(events, documents);
    const next = async (): Promise<[anew: boolean, from: number]> => {
      const writer = new TreeWriter(events, documents, tree, { pageSize: 100 });
      const anew = await writer.load();
      const from = writer.size;
      while (!(await writer.grow()));
      return [anew, from];
    };
    await append(0, 256);
    expect(await next()).toEqual([false, 0]);
    await append(256, 400);
    expect(await next()).toEqual([false, 256]);
    await append(400, 420);
    expect(await next()).toEqual([false, 400]);
    await expectWhole(tree);

    await documents.write([{ collection: auditTiles.name, id: '0/1', document: null }]);
    expect(await next()).toEqual([true, 0]);
    await expectWhole(tree);

    await events.close();
    events = await SqliteEventStore.open(':memory:');
    await append(7, 500);
    expect(await next()).toEqual([true, 0]);
    await expectWhole(tree);
  });

  it('survives a kill at any moment, also in a store without transactions', async () => {
    await append(0, 600);
    for (let writes = 1; writes < 10; writes++) {
      await documents.drop(auditTiles.name);
      await documents.define(auditTiles);
      const checkpoint = await documents.checkpoint('audit_tree');
      if (checkpoint) {
        await documents.write([], { projection: 'audit_tree', from: checkpoint, to: { position: '0', version: 0 } });
      }
      let left = writes;
      const positions = new Map<string, string>();
      const killed = piecemeal(documents, positions, () => {
        if (left-- === 0) throw new Error('killed');
      });
      const dying = new TreeWriter(events, killed, new AuditTree(events, killed), { pageSize: 270 });
      await dying.load();
      const dies = async (): Promise<void> => {
        while (!(await dying.grow()));
      };
      await expect(dies()).rejects.toThrow('killed');
      // The next one reads other pages.
      const whole = piecemeal(documents, positions);
      const tree = new AuditTree(events, whole);
      const writer = new TreeWriter(events, whole, tree, { pageSize: 110 });
      expect(await writer.load()).toBe(false);
      while (!(await writer.grow()));
      await expectWhole(tree);
    }
  });
});

describe('hash tiles', () => {
  it('prove everything at sizes of several levels', async () => {
    const size = 66_000;
    const builder = new TileBuilder();
    const tree = new MerkleTree();
    const hashes = Array.from({ length: size }, (_, n) => sha256(Buffer.from(String(n))));
    const roots = new Map<number, Uint8Array>();
    for (const [n, hash] of hashes.entries()) {
      builder.add(hash, String(n));
      tree.addHash(hash);
      if (n > size - 602) roots.set(n + 1, tree.root());
      if (n % 1_000 === 999) await documents.write(builder.takeWrites(String(n)));
    }
    await documents.write(builder.takeWrites(String(size)));
    const tiles = new HashTiles(documents);
    const proofs = new MerkleProofs(tiles);
    expect(await tiles.leafHashes(65_000, 65_700)).toEqual(hashes.slice(65_000, 65_700));
    const index = fc.nat(size - 1);
    const property = fc.asyncProperty(index, fc.nat(599), fc.nat(599), async (leaf, a, b) => {
      const of = size - a;
      const root = roots.get(of)!;
      expect(await proofs.root(of)).toEqual(root);
      if (leaf < of) {
        const proof = await proofs.inclusion(leaf, of);
        expect(verifyInclusion({ index: leaf, size: of, leafHash: hashes[leaf]!, root, proof })).toBe(true);
      }
      const [from, to] = [Math.min(of, size - b), Math.max(of, size - b)];
      const proof = await proofs.consistency(from, to);
      expect(verifyConsistency({ from, fromRoot: roots.get(from)!, to, toRoot: roots.get(to)!, proof })).toBe(true);
    });
    await fc.assert(property, { numRuns: 100 });
    const resumed = await TileBuilder.resume(documents, size);
    expect(resumed.size).toBe(size);
    resumed.add(hashes[0]!, 'x');
    tree.addHash(hashes[0]!);
    await documents.write(resumed.takeWrites('0'));
    expect(await new MerkleProofs(new HashTiles(documents)).root(size + 1)).toEqual(tree.root());
  });
});
