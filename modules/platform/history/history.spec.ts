import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Test, type TestingModule } from '@nestjs/testing';
import fc from 'fast-check';
import { applyPatch, type Operation } from 'rfc6902';
import type { Recorded } from '#kernel/event';
import type { Json } from '#kernel/json';
import { isIn, type Moment } from '#platform/dispatch/moment';
import { Objects } from '#platform/dispatch/objects';
import { EVENT_STORE, type EventStore, STORED_EVENTS } from '#platform/event-store/event-store.port';
import { PlatformModule } from '#platform/platform.module';
import {
  doc,
  type Doc,
  type DocEvent,
  histories,
  leavesOf,
  type Made,
  second,
  shownAt,
  START,
  stored,
  stream,
  upcasters,
} from '#test/support/random-documents';
import { Blame } from './blame.js';
import { Differences } from './differences.js';
import { EventHistory, type HistoryQuery } from './event-history.js';
import { HistoryModule } from './history.module.js';

const ref = { type: 'doc', id: 'a' };

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
            const before = new Map(leavesOf(state));
            for (const [pointer, value] of leavesOf(next)) {
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
            const state = JSON.parse(JSON.stringify(foldOf(from))) as Doc;
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
            if (isBetween && shownAt(state, pointer) !== shownAt(next, pointer)) last = `${each.revision}`;
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
          return isBy && time >= from && time < to && (!types || types.includes(event.type));
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

  it('show events as they were stored, where that is asked for', async () => {
    const both = { type: 'doc.both', data: { first: ['a'], second: ['b'], value: 1 } };
    await given([{ ...both, recorded: 0, occurred: 0, actor: 'ada' }]);
    const page = (query: HistoryQuery) => module.get(EventHistory).page('main', ref, query);
    expect((await page({})).items).toMatchObject([
      { type: 'doc.put', data: { path: ['a'], value: 1 }, revision: 0 },
      { type: 'doc.put', data: { path: ['b'], value: 1 }, revision: 0 },
    ]);
    expect((await page({ stored: true })).items).toMatchObject([{ ...both, revision: 0, schemaVersion: 1 }]);
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
