import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { systemIds } from '#kernel/ids';
import { JsonText } from '../event-store/event-content.js';
import type { EventStore } from '../event-store/event-store.port.js';
import { SqliteEventStore } from '../event-store/sqlite-event-store.adapter.js';
import { ArchiveDamaged, archiveLines } from './archive.js';
import { compareStores } from './compare-stores.js';
import { NotRestored, restoreArchive, verifyArchive } from './restore-archive.js';

describe('an archive', () => {
  let store: EventStore;
  let other: EventStore;
  const at = new Date('2026-01-01T00:00:00Z');

  beforeEach(async () => {
    [store, other] = await Promise.all([SqliteEventStore.open(':memory:'), SqliteEventStore.open(':memory:')]);
  });
  afterEach(() => Promise.all([store.close(), other.close()]));

  const event = (data: object = {}) => ({ id: systemIds.next(), type: 'x.y', data, metadata: { tenant: 'main' } });
  const linesOf = async (from: EventStore): Promise<string[]> => {
    let text = '';
    for await (const chunk of archiveLines(from, at)) text += chunk;
    return text.trimEnd().split('\n');
  };
  const fill = async () => {
    await store.append('main.x-1', 'none', [event(new JsonText('{"n": 12345678901234567890}')), event()]);
    await store.append('main.x-2', 'none', [event(Uint8Array.of(0, 255, 13, 10))]);
    await store.append('main.x-3', 'none', [event({ text: 'zwölf\n\u2028"' })]);
    await store.setMetadata('main.x-1', { truncateBefore: 1 });
    await store.delete('main.x-3', 0, 'soft');
    await store.append('main.x-1', 1, [event()]);
  };

  it('gives back all that there was, to the letter, with metadata and deletions', async () => {
    await fill();
    const lines = await linesOf(store);
    const end = await verifyArchive(lines);
    expect(await restoreArchive(other, lines)).toEqual(end);
    expect(await compareStores(store, other)).toMatchObject({
      differences: [],
      from: { root: end.root },
      to: { root: end.root },
    });
    expect(await linesOf(other)).toEqual(lines);
    expect((await other.read('main.x-1')).events.map(({ revision }) => revision)).toEqual([1, 2]);
    expect(await other.read('main.x-3')).toMatchObject({ status: 'missing' });
  });

  it('is one of an empty store, too', async () => {
    expect(await restoreArchive(other, await linesOf(store))).toMatchObject({ events: 0 });
  });

  it('has what stood there when it began, whatever is written meanwhile', async () => {
    await store.append(
      'main.x-1',
      'none',
      Array.from({ length: 2_500 }, () => event()),
    );
    const chunks: string[] = [];
    for await (const chunk of archiveLines(store, at)) {
      chunks.push(chunk);
      await store.append('main.x-1', 'any', [event()]);
    }
    expect(await verifyArchive(chunks.join('').trimEnd().split('\n'))).toMatchObject({ events: 2_500 });
  });

  it('can be restored again where a restore was stopped', async () => {
    await store.append(
      'main.x-1',
      'none',
      Array.from({ length: 2_500 }, () => event()),
    );
    const lines = await linesOf(store);
    await expect(restoreArchive(other, lines.slice(0, 1_500))).rejects.toThrow(/breaks off/);
    expect((await other.read('main.x-1', { limit: 5_000 })).events).toHaveLength(1_000);
    expect(await restoreArchive(other, lines)).toMatchObject({ events: 2_500 });
  });

  it('is not restored among other events', async () => {
    await fill();
    await other.append('main.z-1', 'none', [event()]);
    await expect(restoreArchive(other, await linesOf(store))).rejects.toBeInstanceOf(NotRestored);
  });

  it('shows any change to any line', async () => {
    await fill();
    const lines = await linesOf(store);
    const change = fc.oneof(
      fc.constant((at: number) => lines.toSpliced(at, 1)),
      fc.constant((at: number) => lines.toSpliced(at, 0, lines[at]!)),
      fc.constant((at: number) => lines.slice(0, at)),
      fc.nat().map((n) => (at: number) => {
        const line = lines[at]!;
        const index = n % line.length;
        const other = line[index] === '7' ? '8' : '7';
        return lines.with(at, line.slice(0, index) + other + line.slice(index + 1));
      }),
    );
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: lines.length - 1 }), change, async (at, changed) => {
        await expect(verifyArchive(changed(at))).rejects.toBeInstanceOf(ArchiveDamaged);
      }),
      { seed: 7, numRuns: 300 },
    );
    await expect(verifyArchive(['{"format":"other"}'])).rejects.toThrow(/Line 1 .* no archive/);
  });
});
