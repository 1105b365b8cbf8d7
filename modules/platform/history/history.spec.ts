import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Test, type TestingModule } from '@nestjs/testing';
import fc from 'fast-check';
import { applyPatch, type Operation } from 'rfc6902';
import type { Attributed, EventOf, Recorded } from '#kernel/event';
import { systemIds } from '#kernel/ids';
import type { Json, JsonObject } from '#kernel/json';
import { objectType } from '#kernel/object-type';
import { segmentsOf } from '#kernel/personal';
import { upcaster } from '#kernel/upcaster';
import { pointerTo } from '#platform/commands/json-fields';
import { isIn, type Moment } from '#platform/dispatch/moment';
import { Objects } from '#platform/dispatch/objects';
import { EVENT_STORE, type EventStore, STORED_EVENTS } from '#platform/event-store/event-store.port';
import { PlatformModule } from '#platform/platform.module';
import { Blame } from './blame.js';
import { Differences } from './differences.js';
import { EventHistory, type HistoryQuery } from './event-history.js';
import { HistoryModule } from './history.module.js';

/** A document whose every part can be set and removed. */
type Doc = { status: 'absent' } | { status: 'there'; data: JsonObject };
type DocEvent = EventOf<'doc.put', { path: string[]; value: Json }> | EventOf<'doc.removed', { path: string[] }>;

function put(target: Json | undefined, [name, ...rest]: string[], value: Json | undefined): Json | undefined {
  if (name === undefined) return value;
  if (Array.isArray(target)) {
    const index = Math.min(Number(name) || 0, target.length);
    const next = put(target[index], rest, value);
    return next === undefined ? target.toSpliced(index, 1) : target.toSpliced(index, 1, next);
  }
  const object = typeof target === 'object' && target !== null ? target : {};
  const next = put(object[name], rest, value);
  const { [name]: _, ...others } = object;
  return next === undefined ? others : { ...object, [name]: next };
}

const doc = objectType<Doc, DocEvent>('doc', { status: 'absent' }, (state, event: Attributed<DocEvent>) => {
  const data = state.status === 'absent' ? {} : state.data;
  const value = event.type === 'doc.put' ? event.data.value : undefined;
  return { status: 'there', data: put(data, event.data.path, value) as JsonObject };
});

/** What was stored in older shapes: one event of two, and one that says nothing any more. */
const upcasters = [
  upcaster<{ first: string[]; second: string[]; value: Json }>('doc.both@1', ['doc.put@1'], ({ data }) => [
    { type: 'doc.put', data: { path: data.first, value: data.value } },
    { type: 'doc.put', data: { path: data.second, value: data.value } },
  ]),
  upcaster('doc.looked@1', [], () => []),
];

const ref = { type: 'doc', id: 'a' };
const stream = 'main.doc-a';
const START = Date.parse('2026-01-01T00:00:00Z');
const iso = (second: number) => new Date(START + second * 1_000).toISOString();

interface Made {
  readonly type: string;
  readonly data: object;
  readonly recorded: number;
  readonly occurred: number;
  readonly actor: string;
}

function stored({ type, data, recorded, occurred, actor }: Made, revision: number): Recorded {
  const metadata = { occurredAt: iso(occurred), actor: { type: 'user', id: actor } } as Recorded['metadata'];
  const common = { id: systemIds.next(), stream, revision, position: String(revision + 1), recordedAt: iso(recorded) };
  return { ...common, type, data, metadata };
}

const key = fc.constantFrom('a', 'b', 'c/d~');
const path = fc.array(key, { minLength: 1, maxLength: 3 });
const scalar = fc.constantFrom<Json>(0, 1, 'x', null, true, {}, []);
const list = fc.array(fc.constantFrom<Json>(1, 2, { a: 1 }, { a: 2 }), { maxLength: 4 });
const change = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constant('doc.put'), data: fc.record({ path, value: scalar }) }) },
  // Lists have places of their own: there an object never takes the place of a list.
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('doc.put'),
      data: fc.record({ path: fc.constant(['list']), value: list }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('doc.removed'), data: fc.record({ path }) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('doc.both'),
      data: fc.record({ first: path, second: path, value: scalar }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('doc.looked'), data: fc.constant({}) }) },
);
const second = fc.integer({ min: 0, max: 30 });
const made = fc
  .tuple(change, fc.record({ recorded: second, occurred: second, actor: fc.constantFrom('ada', 'eve') }))
  .map(([what, more]): Made => ({ ...what, ...more }));
const histories = fc.array(made, { minLength: 1, maxLength: 25 });

/** The value at a JSON pointer; undefined where there is none. */
function valueAt(value: Json | undefined, pointer: string): Json | undefined {
  let part = value;
  for (const name of segmentsOf(pointer)) {
    part = typeof part === 'object' && part !== null ? (part as Record<string, Json>)[name] : undefined;
  }
  return part;
}

/** What stands at a pointer, and whether it stands in objects or lists: another kind of whole replaces all its parts. */
function shownAt(state: Doc, pointer: string): string {
  const kinds = segmentsOf(pointer).map((_, depth, names) => {
    const above = valueAt(state as unknown as Json, names.slice(0, depth).reduce<string>(pointerTo, ''));
    return typeof above === 'object' && above !== null ? (Array.isArray(above) ? 'list' : 'object') : above;
  });
  return JSON.stringify([...kinds, valueAt(state as unknown as Json, pointer)]);
}

/** All leaves by their pointers. */
function leavesOf(value: Json, pointer = ''): [string, Json][] {
  const parts = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  return parts.length === 0
    ? [[pointer, value]]
    : parts.flatMap(([name, part]) => leavesOf(part, pointerTo(pointer, name)));
}

describe('the history services', () => {
  let module: TestingModule;
  let store: EventStore;
  let events: readonly Recorded[];

  const start = async () => {
    module = await Test.createTestingModule({
      imports: [
        PlatformModule.forRoot({
          stores: { eventStore: 'sqlite::memory:', readStore: 'sqlite::memory:' },
          dispatch: { cachedObjects: 10, snapshotEvery: 100, markEvery: 4 },
          upcasters,
        }),
        PlatformModule.forObjects([doc]),
        HistoryModule.with(() => Promise.resolve([])),
      ],
    }).compile();
    await module.init();
    store = module.get(EVENT_STORE);
  };
  /** Puts a history into a store of its own; `events` are those of today's shapes. */
  const given = async (history: readonly Made[]) => {
    await module.close();
    await start();
    await module.get<EventStore>(STORED_EVENTS).restore(history.map(stored));
    ({ events } = await store.read(stream));
  };
  const foldOf = (moment: Moment): Doc =>
    doc.fold(events.filter((event) => isIn(event, moment)) as Recorded<DocEvent>[]);
  const momentsOf = (n: number): Moment[] => {
    const at = START + n * 1_000;
    return [{ revision: n }, { at }, { at, clock: 'occurred' }, {}];
  };
  const isThere = ({ revision }: Moment, length: number) => revision === undefined || revision < length;

  beforeEach(start);
  afterEach(() => module.close());

  it('show an object as the fold of the events that belong to the moment, split and dropped ones too', async () => {
    await fc.assert(
      fc.asyncProperty(histories, fc.nat(30), async (history, n) => {
        await given(history);
        for (const moment of momentsOf(n)) {
          expect((await module.get(Objects).at('main', ref, moment)).state).toEqual(foldOf(moment));
        }
      }),
      { seed: 51, numRuns: 60 },
    );
  }, 120_000);

  it('blame the last event that changed each leaf', async () => {
    await fc.assert(
      fc.asyncProperty(histories, fc.nat(30), async (history, n) => {
        await given(history);
        for (const moment of momentsOf(n)) {
          const belonging = events.filter((event) => isIn(event, moment)) as Recorded<DocEvent>[];
          if (belonging.length === 0 || !isThere(moment, history.length)) continue;
          const setters = new Map<string, string | undefined>();
          let state: Doc = doc.initial;
          for (const event of belonging) {
            const next = doc.evolve(state, event);
            const before = new Map(leavesOf(state as unknown as Json));
            for (const [pointer, value] of leavesOf(next as unknown as Json)) {
              const isSame = before.has(pointer) && JSON.stringify(before.get(pointer)) === JSON.stringify(value);
              if (!isSame) setters.set(pointer, event.id);
            }
            state = next;
          }
          const { fields } = await module.get(Blame).of('main', ref, moment);
          const expected = leavesOf(state as unknown as Json).map(([pointer, value]) => {
            return { pointer, value, event: setters.get(pointer) };
          });
          expect(fields.map(({ pointer, value, event }) => ({ pointer, value, event: event?.id }))).toEqual(expected);
        }
      }),
      { seed: 52, numRuns: 60 },
    );
  }, 120_000);

  it('make a patch that leads from the one state to the other', async () => {
    await fc.assert(
      fc.asyncProperty(histories, fc.nat(30), fc.nat(30), async (history, n, m) => {
        await given(history);
        for (const from of momentsOf(n)) {
          for (const to of momentsOf(m)) {
            if (!isThere(from, history.length) || !isThere(to, history.length) || events.length === 0) continue;
            const { patch } = await module.get(Differences).between('main', ref, from, to);
            const state = structuredClone(foldOf(from));
            expect(applyPatch(state, patch as Operation[])).toEqual(patch.map(() => null));
            expect(state).toEqual(foldOf(to));
          }
        }
      }),
      { seed: 53, numRuns: 60 },
    );
  }, 120_000);

  it('name the last event between two revisions that changed what is at a place', async () => {
    await fc.assert(
      fc.asyncProperty(histories, fc.nat(24), fc.nat(24), async (history, n, m) => {
        await given(history);
        const [from, to] = [n % history.length, m % history.length];
        if (events.length === 0) return;
        const { fields } = await module.get(Differences).between('main', ref, { revision: from }, { revision: to });
        for (const { pointer, event } of fields) {
          let [state, last]: [Doc, string | undefined] = [doc.initial, undefined];
          for (const each of events as Recorded<DocEvent>[]) {
            const next = doc.evolve(state, each);
            const isBetween = each.revision > Math.min(from, to) && each.revision <= Math.max(from, to);
            const [before, after] = [state, next].map((one) =>
              JSON.stringify(valueAt(one as unknown as Json, pointer)),
            );
            if (isBetween && before !== after) last = `${each.revision}`;
            state = next;
          }
          expect([pointer, `${event?.revision}`]).toEqual([pointer, last]);
        }
      }),
      { seed: 54, numRuns: 120 },
    );
  }, 120_000);

  it('page through the events that match, either way, whatever the page size', async () => {
    const queries = fc.record(
      {
        order: fc.constantFrom<'asc' | 'desc'>('asc', 'desc'),
        types: fc.subarray(['doc.put', 'doc.removed'], { minLength: 1 }),
        actor: fc.constantFrom('ada', 'user:eve', 'nobody'),
        from: second.map((n) => START + n * 1_000),
        to: second.map((n) => START + n * 1_000),
        clock: fc.constantFrom<'recorded' | 'occurred'>('recorded', 'occurred'),
      },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(histories, queries, fc.integer({ min: 1, max: 5 }), async (history, query, limit) => {
        await given(history);
        const { order, types, actor, from = -Infinity, to = Infinity, clock = 'recorded' } = query;
        const expected = events.filter((event) => {
          const time = Date.parse(clock === 'recorded' ? event.recordedAt : event.metadata.occurredAt);
          const who = event.metadata.actor;
          const isBy = actor === undefined || actor === who.id || actor === `${who.type}:${who.id}`;
          return isBy && time >= from && time <= to && (!types || types.includes(event.type));
        });
        const inOrder = order === 'desc' ? expected.toReversed() : expected;
        const found = await allPages({ ...query, limit });
        expect(found).toEqual(inOrder.map(({ revision, data }) => [revision, data]));
      }),
      { seed: 55, numRuns: 150 },
    );
  }, 120_000);

  it('look at a bounded number of events for each page', async () => {
    const rare = (n: number): Made => ({
      ...{ type: 'doc.put', data: { path: ['a'], value: n }, recorded: n, occurred: n },
      actor: n % 11_000 === 10_999 ? 'eve' : 'ada',
    });
    const all = Array.from({ length: 22_000 }, (_, n) => stored(rare(n), n));
    for (let n = 0; n < all.length; n += 2_000) await store.restore(all.slice(n, n + 2_000));
    const first = await module.get(EventHistory).page('main', ref, { actor: 'eve' });
    expect(first).toEqual({ items: [], next: '10000' });
    expect(await allPages({ actor: 'eve' })).toEqual([10_999, 21_999].map((n) => [n, { path: ['a'], value: n }]));
    expect(await allPages({ actor: 'eve', order: 'desc' })).toHaveLength(2);
  });

  const allPages = async (query: HistoryQuery) => {
    const found: [number, object][] = [];
    for (let cursor: string | undefined, pages = 0; ; pages++) {
      const { items, next } = await module.get(EventHistory).page('main', ref, { ...query, cursor });
      expect(items.length).toBeLessThanOrEqual(query.limit ?? 100);
      found.push(...items.map(({ revision, data }): [number, object] => [revision, data]));
      if (next === undefined || pages > 100) return found;
      cursor = next;
    }
  };
});
