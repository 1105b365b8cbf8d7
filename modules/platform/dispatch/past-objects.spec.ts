import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CommandBus } from '@nestjs/cqrs';
import { Test, type TestingModule } from '@nestjs/testing';
import fc from 'fast-check';
import { Command } from '#kernel/command';
import type { Attributed, EventOf, Recorded } from '#kernel/event';
import { systemIds } from '#kernel/ids';
import { objectType } from '#kernel/object-type';
import { upcaster } from '#kernel/upcaster';
import { type EventStore, STORED_EVENTS } from '#platform/event-store/event-store.port';
import { SqliteEventStore } from '#platform/event-store/sqlite-event-store.adapter';
import { PlatformModule } from '#platform/platform.module';
import { READ_STORE, type ReadStore } from '#platform/read-store/read-store.port';
import { Upcasters } from '#platform/upcasting/upcasters';
import { CountingEventStore } from '#test/support/counting-event-store';
import { DISPATCH_OPTIONS } from './dispatch-options.js';
import { isIn, type Moment } from './moment.js';
import { anyObjectType } from './object-registry.js';
import { PastObjects } from './past-objects.js';
import { Snapshots } from './snapshots.js';
import { WayMarking } from './way-marking.js';
import { WayMarks } from './way-marks.js';

/** A list: which events it has taken in, and in which order, shows in its state. */
type List = { status: 'absent' } | { status: 'there'; seen: readonly number[]; sum: number };
type Listed = EventOf<'list.added', { n: number }>;

const list = objectType<List, Listed>('list', { status: 'absent' }, (state, { data: { n } }: Attributed<Listed>) => {
  const before = state.status === 'absent' ? { seen: [], sum: 7 } : state;
  return { status: 'there', seen: [...before.seen.slice(-20), n], sum: (before.sum * 31 + n) % 1_000_003 };
});
class Add extends Command {
  listId: string;
  n: number;
}
list.on(Add, (_, { n }): Listed[] => [{ type: 'list.added', data: { n } }]);
const type = anyObjectType(list);
const stream = 'main.list-a';
const START = Date.parse('2026-01-01T00:00:00Z');
const iso = (second: number) => new Date(START + second * 1_000).toISOString();

/** An event at these seconds; where it does not say when it occurred, its writer did not know of such a thing. */
function event(revision: number, recorded: number, occurred: number | undefined): Recorded {
  const metadata = { ...(occurred !== undefined && { occurredAt: iso(occurred) }) } as Recorded['metadata'];
  const common = { id: systemIds.next(), stream, revision, position: String(revision + 1), recordedAt: iso(recorded) };
  return { ...common, type: 'list.added', data: { n: revision }, metadata };
}

describe('the past of an object', () => {
  let module: TestingModule;
  let store: CountingEventStore;
  let readStore: ReadStore;
  let past: PastObjects;
  let inner: EventStore;

  const start = async (markEvery?: number) => {
    inner = await SqliteEventStore.open(':memory:');
    store = new CountingEventStore(inner);
    module = await Test.createTestingModule({
      imports: [
        PlatformModule.forRoot({
          stores: { eventStore: 'sqlite::memory:', readStore: 'sqlite::memory:' },
          dispatch: { cachedObjects: 10, snapshotEvery: 100, markEvery },
        }),
        PlatformModule.forObjects([list]),
      ],
    })
      .overrideProvider(STORED_EVENTS)
      .useValue(store)
      .compile();
    await module.init();
    readStore = module.get(READ_STORE);
    past = module.get(PastObjects);
  };
  const read = async (moment: Moment, make?: boolean) => {
    const { state, last } = await past.at(stream, type, moment, { make });
    return { state: state as List, revision: last?.revision ?? -1 };
  };
  const naive = (events: readonly Recorded[], moment: Moment) => {
    const belonging = events.filter((each) => isIn(each, moment)) as Recorded<Listed>[];
    return { state: list.fold(belonging), revision: belonging.at(-1)?.revision ?? -1 };
  };
  const marks = () => module.get(WayMarks).find(stream, type);
  const kept = async (collection: string) =>
    (await readStore.query(collection, { filter: { stream }, limit: 1_000 })).items.map(({ id }) => id);
  const lose = async (collection: string, isLost: (index: number) => boolean) => {
    const ids = await kept(collection);
    const lost = ids.filter((_, index) => isLost(index));
    if (lost.length > 0) await readStore.write(lost.map((id) => ({ collection, id, document: null })));
  };

  afterEach(() => module.close());

  describe('with a mark every five revisions', () => {
    beforeEach(() => start(5));

    it('is the fold of all events that belong to it, whichever marks are there', async () => {
      const seconds = fc.integer({ min: 0, max: 40 });
      const times = fc.tuple(seconds, fc.option(seconds, { nil: undefined }));
      const history = fc.array(times, { minLength: 1, maxLength: 60, size: 'max' });
      /** Most logs are in order but for a few events that came late. */
      const nearlyOrdered = history.map((all) =>
        all.map(([recorded, occurred], index): [number, number | undefined] => [
          index,
          recorded < 4 ? occurred : index,
        ]),
      );
      const losses = fc.record({ marks: fc.integer({ min: 0, max: 255 }), states: fc.integer({ min: 0, max: 255 }) });
      await fc.assert(
        fc.asyncProperty(
          fc.oneof(history, nearlyOrdered),
          fc.nat(60),
          losses,
          fc.array(fc.integer({ min: -1, max: 61 }), { minLength: 1, maxLength: 4 }),
          fc.boolean(),
          async (all, first, lost, moments, make) => {
            await module.close();
            await start(5);
            const events = all.map(([recorded, occurred], revision) => event(revision, recorded, occurred));
            await store.restore(events.slice(0, first));
            await read({ at: START }); // marks of what was there then
            await store.restore(events.slice(first));
            await lose('way_marks', (index) => (lost.marks & (1 << (index % 8))) !== 0);
            await lose('way_mark_states', (index) => (lost.states & (1 << (index % 8))) !== 0);
            for (const n of moments) {
              const at = START + n * 1_000;
              const position = String(n + 1);
              for (const moment of [{ revision: n }, { at }, { at, clock: 'occurred' as const }, { position }, {}]) {
                expect(await read(moment, make)).toEqual(naive(events, moment));
              }
            }
          },
        ),
        { seed: 5, numRuns: 150 },
      );
    }, 120_000);

    it('leaves marks aside that the stream does not bear out', async () => {
      const events = (length: number) => Array.from({ length }, (_, n) => event(n, n, n));
      const first = events(23);
      await store.restore(first);
      expect(await read({ revision: 17 })).toEqual(naive(first, { revision: 17 }));
      expect(await marks()).toHaveLength(3);

      await inner.close();
      const other = events(30).map((each, n) => ({ ...each, data: { n: n * 2 } }));
      store.inner = inner = await SqliteEventStore.open(':memory:');
      await store.restore(other);
      for (const moment of [{ revision: 17 }, { at: START + 12_000 }, {}]) {
        expect(await read(moment)).toEqual(naive(other, moment));
      }
    });

    it('does not show from marks what was hidden since', async () => {
      const events = Array.from({ length: 30 }, (_, n) => event(n, n, n));
      await store.restore(events);
      await read({});
      await store.setMetadata(stream, { truncateBefore: 12 });
      expect(await read({ at: START + 8_000 })).toEqual({ state: { status: 'absent' }, revision: -1 });
      expect(await read({ revision: 8 })).toEqual({ state: { status: 'absent' }, revision: -1 });
    });

    it('is there without a read store', async () => {
      const events = Array.from({ length: 30 }, (_, n) => event(n, n, n));
      await store.restore(events);
      await readStore.drop('way_marks');
      expect(await read({ revision: 17 })).toEqual(naive(events, { revision: 17 }));
    });

    it('leaves no mark behind where it must not', async () => {
      await store.restore(Array.from({ length: 30 }, (_, n) => event(n, n, n)));
      await read({ at: START + 20_000 }, false);
      expect(await kept('way_marks')).toEqual([]);
    });

    it('forgets all that was kept of a stream', async () => {
      await store.restore(Array.from({ length: 30 }, (_, n) => event(n, n, n)));
      await read({});
      expect(await kept('way_mark_states')).toHaveLength(5);
      await module.get(WayMarks).forget(stream);
      await module.get(Snapshots).forget(stream);
      expect([...(await kept('way_marks')), ...(await kept('way_mark_states'))]).toEqual([]);
    });

    it('is marked where commands pass', async () => {
      const add = async (times: number) => {
        for (let n = 0; n < times; n++) await module.get(CommandBus).execute(Add.of({ listId: 'a', n }));
        await module.get(WayMarking).settled();
      };
      await add(5);
      expect(await kept('way_marks')).toEqual([]);
      await add(7);
      expect(await kept('way_marks')).toEqual([`${stream}@4`, `${stream}@9`]);
      const { events } = await store.read(stream);
      expect(await read({ revision: 10 })).toEqual(naive(events, { revision: 10 }));
    });

    it('leaves marks aside that were made through other upcasters', async () => {
      await store.restore(Array.from({ length: 30 }, (_, n) => event(n, n, n)));
      await read({});
      const upcasters = new Upcasters([upcaster('list.old@1', [], () => [])]);
      const others = new WayMarks(readStore, module.get(DISPATCH_OPTIONS, { strict: false }), upcasters);
      expect(await marks()).toHaveLength(5);
      expect(await others.find(stream, type)).toEqual([]);
    });
  });

  describe('of 10,000 events', () => {
    const LENGTH = 10_000;
    beforeEach(async () => {
      await start();
      // Every hundredth happened long before it was recorded.
      const events = Array.from({ length: LENGTH }, (_, n) => event(n, n, n % 100 === 99 ? n - 50 : n));
      for (let n = 0; n < LENGTH; n += 1_000) await store.restore(events.slice(n, n + 1_000));
    });

    it('reads about a thousand of them, once there are marks', async () => {
      await read({ revision: LENGTH - 1 });
      const moments: Moment[] = [
        { revision: 4_999 },
        { position: '4321' },
        { revision: 5_500 },
        { revision: LENGTH - 1 },
        {},
      ];
      for (const at of [-1, 0, 999, 1_000, 4_321, 9_999, 20_000]) {
        moments.push({ at: START + at * 1_000 }, { at: START + at * 1_000, clock: 'occurred' });
      }
      for (const moment of moments) {
        store.eventsRead = 0;
        await read(moment);
        expect(store.eventsRead).toBeLessThanOrEqual(moment.clock === 'occurred' ? 1_510 : 1_010);
      }
    });

    it('reads each event once to make them, and no more than once more', async () => {
      store.eventsRead = 0;
      await read({ at: START });
      expect(store.eventsRead).toBeLessThanOrEqual(LENGTH + 1_510);
    });
  });
});
