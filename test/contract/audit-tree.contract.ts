import { describe, expect, it } from '@jest/globals';
import { setTimeout } from 'node:timers/promises';
import { AuditKey } from '#modules/audit/heads/audit-key';
import { HeadSigner } from '#modules/audit/heads/head-signer';
import { SignedHeads } from '#modules/audit/heads/signed-heads';
import { AuditTree } from '#modules/audit/tree/audit-tree';
import { auditTiles } from '#modules/audit/tree/tiles';
import { TreeRunner, type TreeStatus } from '#modules/audit/tree/tree-runner';
import { verifyStore } from '#modules/audit/verify/verify-store';
import { SqliteEventStore } from '#platform/event-store/sqlite-event-store.adapter';
import { Leases } from '#platform/projecting/leases';
import { MongoDbReadStore } from '#platform/read-store/mongodb-read-store.adapter';
import type { ReadStore } from '#platform/read-store/read-store.port';
import { SqliteReadStore } from '#platform/read-store/sqlite-read-store.adapter';
import { eventOf } from '#test/support/audited-store';
import { engineSuite } from '#test/support/engines/engine-suite';
import { ManualClock } from '#test/support/manual-clock';

/** What the tree promises, whatever keeps its hashes. */
function auditTreeContract(name: string, open: () => Promise<ReadStore>): void {
  describe(`the audit tree in ${name}`, () => {
    it('is written under a lease, gone on with, built anew when it is lost, and verified', async () => {
      const events = await SqliteEventStore.open(':memory:');
      const documents = await open();
      const tree = new AuditTree(events, documents);
      const key = AuditKey.ephemeral();
      const lines: string[] = [];
      const log = (line: string): unknown => lines.push(line);
      const logger = { log, warn: log, error: log };
      const run = async (): Promise<TreeStatus> => {
        const signer = new HeadSigner(key, new SignedHeads(events), tree, new ManualClock(), logger);
        const options = { leases: new Leases(documents), pageSize: 150, lookEvery: 10, logger };
        const runner = new TreeRunner(events, documents, tree, signer, options);
        await runner.start();
        while (runner.status.signed === 0) await setTimeout(10);
        await runner.stop();
        return runner.status;
      };
      const append = async (from: number, to: number): Promise<void> => {
        for (let n = from; n < to; n++) await events.append('main.task-1', 'any', [eventOf(n)]);
      };
      try {
        await append(0, 700);
        expect(await run()).toEqual({ state: 'stopped', size: 700, signed: 700 });
        await append(700, 800);
        expect(await run()).toEqual({ state: 'stopped', size: 800, signed: 800 });
        expect(await tree.indexOf('600')).toBe(599);
        // The two heads stand at 701 and 802.
        expect(await tree.indexOf('702')).toBe(700);
        expect(await tree.indexOf('802')).toBeUndefined();
        expect(lines).toEqual([]);
        await documents.drop(auditTiles.name);
        await documents.define(auditTiles);
        expect(await run()).toEqual({ state: 'stopped', size: 800, signed: 800 });
        expect(lines).toEqual([expect.stringContaining('built anew')]);
        const verification = await verifyStore(events, { publicKeys: [key.publicKey], tiles: documents });
        expect(verification).toMatchObject({ intact: true, events: 800, heads: 2, covered: 800 });
      } finally {
        await documents.close();
        await events.close();
      }
    });
  });
}

auditTreeContract('SQLite', () => SqliteReadStore.open(':memory:'));
engineSuite('ferretdb', (engine) => {
  auditTreeContract('FerretDB', () => MongoDbReadStore.open(`${engine().url}audit`));
});
