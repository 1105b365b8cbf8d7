import { DatabaseSync } from 'node:sqlite';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '#kernel/clock';
import { AuditKey } from '#modules/audit/heads/audit-key';
import { HeadSigner } from '#modules/audit/heads/head-signer';
import { SignedHeads } from '#modules/audit/heads/signed-heads';
import { AuditTree } from '#modules/audit/tree/audit-tree';
import { auditTiles } from '#modules/audit/tree/tiles';
import { TreeWriter } from '#modules/audit/tree/tree-writer';
import type { NewEvent } from '#platform/event-store/event-store.port';
import { SqliteEventStore } from '#platform/event-store/sqlite-event-store.adapter';
import { SqliteReadStore } from '#platform/read-store/sqlite-read-store.adapter';
import { ManualClock } from './manual-clock.js';

/** An event store in a file and its tree in another one, so that the one can be changed behind the other's back. */
export class AuditedStore {
  static async make(): Promise<AuditedStore> {
    const folder = await mkdtemp(join(tmpdir(), 'perdure-audit-'));
    return new AuditedStore(folder, await AuditKey.load(join(folder, 'audit.key')));
  }

  readonly clock = new ManualClock();

  private constructor(
    readonly folder: string,
    readonly key: AuditKey,
  ) {}

  get file(): string {
    return join(this.folder, 'events.db');
  }

  /** Opens both stores for the work, and closes them. */
  async open<T>(work: (events: SqliteEventStore, documents: SqliteReadStore) => Promise<T>): Promise<T> {
    const events = await SqliteEventStore.open(this.file, { clock: this.clock, durability: 'normal' });
    const documents = await SqliteReadStore.open(join(this.folder, 'documents.db'), { durability: 'normal' });
    try {
      await documents.define(auditTiles);
      return await work(events, documents);
    } finally {
      await documents.close();
      await events.close();
    }
  }

  /** Appends events to some streams, takes them into the tree and signs it. */
  grow(from: number, to: number, { sign = true } = {}): Promise<void> {
    return this.open(async (events, documents) => {
      for (let n = from; n < to; n++) {
        this.clock.advance(1);
        await events.append(`main.task-${n % 7}`, 'any', [eventOf(n)]);
      }
      await signTree(events, documents, this.key, this.clock, sign);
    });
  }

  /** Changes the closed file. */
  change(sql: string, ...parameters: (string | number | Uint8Array | null)[]): void {
    const database = new DatabaseSync(this.file);
    database.exec('PRAGMA foreign_keys = OFF');
    database.prepare(sql).run(...parameters);
    database.close();
  }

  remove(): Promise<void> {
    return rm(this.folder, { recursive: true });
  }
}

/** What a runner does in one go. */
export async function signTree(
  events: SqliteEventStore,
  documents: SqliteReadStore,
  key: AuditKey,
  clock: Clock,
  sign = true,
): Promise<void> {
  const tree = new AuditTree(events, documents);
  const writer = new TreeWriter(events, documents, tree, { pageSize: 100 });
  await writer.load();
  while (!(await writer.grow()));
  const signer = new HeadSigner(key, new SignedHeads(events), tree, clock, { log: () => {}, warn: () => {} });
  if (sign) await signer.sign(writer.size, writer.position);
}

export function eventOf(n: number): NewEvent {
  const id = `00000000-0000-7000-8000-${n.toString(16).padStart(12, '0')}`;
  const metadata = { tenant: 'main', actor: { type: 'user', id: `user ${n % 3}` }, occurredAt: '2026-01-01T00:00:00Z' };
  return { id, type: n % 2 ? 'task.created' : 'task.renamed', data: { n, title: `Title of ${n}: naïve ✓` }, metadata };
}
