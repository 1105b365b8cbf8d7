import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { eventIdOf, systemIds } from '#kernel/ids';
import type { JsonObject } from '#kernel/json';
import { EventStoreModel } from '#test/support/event-store-model';
import { ManualClock } from '#test/support/manual-clock';
import { JsonText } from './event-content.js';
import type { ExpectedRevision, StreamMetadata } from './event-store.port.js';
import { SqliteEventStore } from './sqlite-event-store.adapter.js';
import { formatDeletion, formatMetadata } from './stream-metadata.js';

const STREAMS = ['main.task-a', 'main.task-b'];

type Step =
  | { do: 'append'; stream: string; expected: ExpectedRevision; ids: string[] }
  | { do: 'delete'; stream: string; expected: ExpectedRevision; mode: 'soft' | 'tombstone' }
  | { do: 'setMetadata'; stream: string; metadata: StreamMetadata }
  | { do: 'describe'; stream: string; metadata: StreamMetadata; deletes: boolean }
  | { do: 'wait'; seconds: number };

const stream = fc.constantFrom(...STREAMS);
const expected = fc.oneof(
  { arbitrary: fc.constantFrom<ExpectedRevision>('any', 'none', 'exists'), weight: 2 },
  { arbitrary: fc.nat(6), weight: 3 },
);
// Few ids in sequences, so that whole appends, and parts of them, come again.
const ids = fc.tuple(fc.nat(9), fc.integer({ min: 1, max: 3 })).map(([first, count]) => {
  return Array.from({ length: count }, (_, i) => eventIdOf('0192f000-0000-7000-8000-000000000000', first + i));
});
const some = (max: number) => fc.option(fc.integer({ min: 1, max }), { nil: undefined });
const metadata = fc
  .record({ maxCount: some(4), maxAge: some(30), truncateBefore: some(6) })
  .map((given) => JSON.parse(JSON.stringify(given)) as StreamMetadata);
const mode = fc.constantFrom<('soft' | 'tombstone')[]>('soft', 'soft', 'soft', 'tombstone');

const step: fc.Arbitrary<Step> = fc.oneof(
  { arbitrary: fc.record({ do: fc.constant('append' as const), stream, expected, ids }), weight: 8 },
  { arbitrary: fc.record({ do: fc.constant('delete' as const), stream, expected, mode }), weight: 1 },
  { arbitrary: fc.record({ do: fc.constant('setMetadata' as const), stream, metadata }), weight: 1 },
  {
    arbitrary: fc.record({ do: fc.constant('describe' as const), stream, metadata, deletes: fc.boolean() }),
    weight: 1,
  },
  { arbitrary: fc.record({ do: fc.constant('wait' as const), seconds: fc.nat(20) }), weight: 1 },
);

describe('SqliteEventStore', () => {
  it('answers random sequences of calls as the model does, and what it has can be restored elsewhere', async () => {
    const property = fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const clock = new ManualClock();
      const model = new EventStoreModel(clock);
      const store = await SqliteEventStore.open(':memory:', { clock });
      for (const one of steps) {
        if (one.do === 'wait') clock.advance(one.seconds);
        expect(await answer(() => inStore(store, one))).toEqual(await answer(() => inModel(model, one)));
        expect((await store.readAll()).events.map(({ id }) => id)).toEqual(model.readAll());
        for (const name of STREAMS) {
          expect(await answer(() => look(store, name))).toEqual(
            await answer(() => ({ ...model.read(name), metadata: model.metadata(name) })),
          );
        }
      }
      const copy = await SqliteEventStore.open(':memory:', { clock });
      await copy.restore((await store.readAll({ system: true })).events);
      for (const name of STREAMS) expect(await shown(copy, name)).toEqual(await shown(store, name));
      await Promise.all([store.close(), copy.close()]);
    });
    await fc.assert(property, { numRuns: 150 });
  });

  it('shows nothing before it is durable', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'perdure-'));
    const store = await SqliteEventStore.open(join(folder, 'store.db'));
    let answered = 0;
    let looks = 0;
    for (let n = 0; n < 50; n++) {
      const append = store.append('main.task-a', 'any', [event()]).then(() => answered++);
      // The turns of the event loop between here and the answer: before the commit, during the sync and after it.
      for (; answered === n; looks++) {
        await setImmediate();
        const seen = await Promise.all([store.read('main.task-a'), store.readAll()]);
        expect(seen.map(({ events }) => events.length)).toEqual([answered, answered]);
      }
      await append;
    }
    expect(looks).toBeGreaterThan(50);
    await store.close();
    rmSync(folder, { recursive: true });
  });

  it('refuses what it has no room for in its queue, with an error that a retry can mend', async () => {
    const store = await SqliteEventStore.open(':memory:', { maxQueuedWrites: 2 });
    const appends = Array.from({ length: 3 }, () => store.append('main.task-a', 'any', [event()]));
    const [, , refused] = await Promise.allSettled(appends);
    expect(refused).toMatchObject({ reason: { name: 'StoreUnavailable', retryable: true } });
    expect((await store.readAll({ limit: Infinity })).events).toHaveLength(2);
    await store.close();
  });

  it('serves several users of one file, each of whom sees what the others append', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'perdure-'));
    const [one, other] = await Promise.all([1, 2].map(() => SqliteEventStore.open(join(folder, 'store.db'))));
    const messages = other!.subscribe()[Symbol.asyncIterator]();
    await messages.next();
    const { position } = await one!.append('main.task-a', 'none', [event()]);
    expect(await other!.head()).toBe(position);
    expect((await messages.next()).value).toMatchObject({ event: { position } });
    await one!.close();
    expect((await other!.append('main.task-a', 0, [event()])).revision).toBe(1);
    await other!.close();
    rmSync(folder, { recursive: true });
  });
});

function event(id = systemIds.next()) {
  return { id, type: 'task.changed', data: {}, metadata: {} };
}

async function inStore(store: SqliteEventStore, one: Step): Promise<number | void> {
  switch (one.do) {
    case 'append': {
      return (
        await store.append(
          one.stream,
          one.expected,
          one.ids.map((id) => event(id)),
        )
      ).revision;
    }
    case 'delete':
      return store.delete(one.stream, one.expected, one.mode);
    case 'setMetadata':
      return store.setMetadata(one.stream, one.metadata);
    case 'describe': {
      const text = one.deletes ? formatDeletion(inWords(one.metadata)) : formatMetadata(one.metadata);
      const data = new JsonText(text);
      await store.append(`$$${one.stream}`, 'any', [{ ...event(), type: '$metadata', data }]);
      return;
    }
    case 'wait':
      return;
  }
}

function inModel(model: EventStoreModel, one: Step): number | void {
  switch (one.do) {
    case 'append':
      return model.append(one.stream, one.expected, one.ids);
    case 'delete':
      return model.delete(one.stream, one.expected, one.mode);
    case 'setMetadata':
      return model.setMetadata(one.stream, one.metadata);
    case 'describe':
      return model.describe(one.stream, one.metadata, one.deletes);
    case 'wait':
      return;
  }
}

async function look(store: SqliteEventStore, name: string) {
  const { status, events, lastRevision } = await store.read(name);
  return { status, ids: events.map(({ id }) => id), lastRevision, metadata: await store.metadata(name) };
}

const inWords = (metadata: StreamMetadata) => JSON.parse(formatMetadata(metadata)) as JsonObject;

/** What anybody sees of the stream. The revision of events that are hidden is not copied. */
async function shown(store: SqliteEventStore, name: string): Promise<unknown> {
  return answer(async () => {
    const { ids, metadata } = await look(store, name);
    return { ids, metadata };
  });
}

/** The answer, or what the error says to programs. */
async function answer(call: () => unknown): Promise<unknown> {
  try {
    return await call();
  } catch (error) {
    const { code, actual } = error as { code?: string; actual?: number };
    if (code === undefined) throw error;
    return { code, actual };
  }
}
