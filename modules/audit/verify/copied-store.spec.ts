import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { copyEvents } from '#platform/copying/copy-events';
import { JsonText } from '#platform/event-store/event-content';
import type { EventStore, NewEvent } from '#platform/event-store/event-store.port';
import { SqliteEventStore } from '#platform/event-store/sqlite-event-store.adapter';
import { SqliteReadStore } from '#platform/read-store/sqlite-read-store.adapter';
import { openEventStore } from '#platform/stores/open-stores';
import { eventOf, signTree } from '#test/support/audited-store';
import { ManualClock } from '#test/support/manual-clock';
import { servedStore } from '#test/support/served-store';
import { AuditKey } from '../heads/audit-key.js';
import { auditTiles } from '../tree/tiles.js';
import { verifyStore } from './verify-store.js';

let key: AuditKey;
const clock = new ManualClock();

/** Everything that stores may spell in another way. */
const CONTENTS: Partial<NewEvent>[] = [
  { data: { n: 1 } },
  { data: new JsonText('{ "n" : 1.50, "big": 12345678901234567890 }') },
  { data: new JsonText('{"text":"\\u00fc \\/ ü","n":1e2}'), metadata: new JsonText('{ "tenant": "main" }') },
  { data: new JsonText('[1, 2]') },
  { data: new JsonText('null') },
  { data: Buffer.from('{"looks":"like JSON"}') },
  { data: Buffer.from([0, 255, 128]), metadata: Buffer.from([1, 0, 255]) },
  { data: Buffer.alloc(0), metadata: Buffer.alloc(0) },
  { metadata: {} },
  { metadata: new JsonText('{ }') },
  { metadata: Buffer.from('[1]') },
  { metadata: Buffer.from('"text"') },
  { metadata: new JsonText('{"$bytes":"x"}') },
  { data: { text: 'ü'.repeat(40_000) } },
];

let original: SqliteEventStore;
beforeEach(async () => {
  key = AuditKey.ephemeral();
  original = await SqliteEventStore.open(':memory:', { clock });
  const documents = await SqliteReadStore.open(':memory:');
  await documents.define(auditTiles);
  for (const [n, content] of CONTENTS.entries()) {
    clock.advance(1);
    await original.append(`main.task-${n % 3}`, 'any', [{ ...eventOf(n), ...content }]);
  }
  await original.setMetadata('main.task-1', { truncateBefore: 2 });
  await original.delete('main.task-2', 'any', 'soft');
  await signTree(original, documents, key, clock);
  await documents.close();
});
afterEach(() => original.close());

const verify = (store: EventStore) => verifyStore(store, { publicKeys: [key.publicKey] });
const whole = { intact: true, events: CONTENTS.length, heads: 1, covered: CONTENTS.length, findings: [] };

describe('a copy verifies by the same heads as its original', () => {
  const served = servedStore();

  it('in another file', async () => {
    const copy = await SqliteEventStore.open(':memory:');
    await copyEvents(original, copy);
    expect(await verify(copy)).toMatchObject(whole);
    await copy.close();
  });

  it('in EventStoreDB, and back from there', async () => {
    const copy = await openEventStore(`esdb://127.0.0.1:${served().front.port}?tls=false`);
    const back = await SqliteEventStore.open(':memory:');
    try {
      await copyEvents(original, copy);
      expect(await verify(copy)).toMatchObject(whole);
      await copyEvents(copy, back);
      expect(await verify(back)).toMatchObject(whole);
    } finally {
      await back.close();
      await copy.close();
    }
  });
});
