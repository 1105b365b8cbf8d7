import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Test, type TestingModule } from '@nestjs/testing';
import { CommandBus } from '@nestjs/cqrs';
import fc from 'fast-check';
import { Command } from '#kernel/command';
import type { Attributed, DomainEvent, EventOf } from '#kernel/event';
import { systemIds } from '#kernel/ids';
import { objectType } from '#kernel/object-type';
import { projection, type EventFilter } from '#kernel/projection';
import { upcaster } from '#kernel/upcaster';
import { ProjectionRunner } from '#platform/projecting/projection-runner';
import { SqliteReadStore } from '#platform/read-store/sqlite-read-store.adapter';
import { documentsOf, upToDate } from '#test/support/counter-projection';
import { Objects } from '../dispatch/objects.js';
import { EVENT_STORE, type EventStore, STORED_EVENTS } from '../event-store/event-store.port.js';
import { SqliteEventStore } from '../event-store/sqlite-event-store.adapter.js';
import { PlatformModule } from '../platform.module.js';
import { Upcasters } from './upcasters.js';
import { UpcastingEventStore } from './upcasting-event-store.js';

/** An account as it is today: every event says how many cents came or went, and notes stand alone. */
type Today = EventOf<'account.changed', { cents: number }> | EventOf<'account.noted', { note: string }>;
type Account = { status: 'absent' } | { status: 'open'; cents: number; notes: readonly string[]; events: number };

/** What was stored over the years. */
const list = [
  upcaster<{ amount: number }>('account.paid@1', ['account.changed@1'], ({ data }) => [
    { type: 'account.changed', data: { euros: data.amount } },
  ]),
  upcaster<{ euros: number }>('account.changed@1', ['account.changed@2'], ({ data }) => [
    { type: 'account.changed', data: { cents: data.euros * 100 } },
  ]),
  upcaster<{ cents: number; note: string }>(
    'account.booked@1',
    ['account.changed@2', 'account.noted@1'],
    ({ data }): Today[] => [
      { type: 'account.changed', data: { cents: data.cents } },
      { type: 'account.noted', data: { note: data.note } },
    ],
  ),
  upcaster('account.viewed@1', [], () => []),
];

const evolve = (account: Account, event: Attributed<Today>): Account => {
  const before = account.status === 'absent' ? { cents: 0, notes: [], events: 0 } : account;
  const after = { ...before, status: 'open' as const, events: before.events + 1 };
  return event.type === 'account.noted'
    ? { ...after, notes: [...after.notes, event.data.note] }
    : { ...after, cents: after.cents + event.data.cents };
};

class Change extends Command {
  accountId: string;
  cents: number;
}
const account = objectType<Account, Today>('account', { status: 'absent' }, evolve).on(
  Change,
  (_, { cents }): Today[] => [{ type: 'account.changed', data: { cents } }],
);

const sums = projection<{ cents: number }, Today>({
  name: 'sums',
  version: 1,
  readModel: { name: 'sums', indexes: [] },
  filter: { types: ['account.changed'] },
  key: ({ stream }) => stream,
  evolve: (sum, event) => ({
    cents: (sum?.cents ?? 0) + (event as Extract<Today, { type: 'account.changed' }>).data.cents,
  }),
});

const OLD: Record<string, (n: number) => DomainEvent> = {
  paid: (n) => ({ type: 'account.paid', data: { amount: n } }),
  booked: (n) => ({ type: 'account.booked', data: { cents: n, note: `n${n}` } }),
  viewed: () => ({ type: 'account.viewed', data: {} }),
};

describe('an event store with upcasters', () => {
  let stored: EventStore;
  let store: EventStore;

  beforeEach(async () => {
    stored = await SqliteEventStore.open(':memory:');
    store = new UpcastingEventStore(stored, new Upcasters(list));
  });
  afterEach(() => store.close());

  const add = async (id: string, ...kinds: (keyof typeof OLD)[]) => {
    for (const kind of kinds) {
      const event = { id: systemIds.next(), metadata: { schemaVersion: 1 }, ...OLD[kind]!(1) };
      await stored.append(`main.account-${id}`, 'any', [event]);
    }
  };
  const typesOf = (events: readonly DomainEvent[]) => events.map(({ type }) => type.replace('account.', ''));

  const delivered = async (filter?: EventFilter): Promise<string[]> => {
    const seen: string[] = [];
    for await (const message of store.subscribe({ filter })) {
      seen.push(message.kind === 'event' ? message.event.type : message.kind);
      if (message.kind === 'caught-up') break;
    }
    return seen;
  };

  it('reads a stream in the shapes of today, whichever way', async () => {
    await add('a', 'paid', 'booked', 'viewed', 'paid');
    const forwards = await store.read('main.account-a');
    expect(forwards).toMatchObject({ status: 'present', lastRevision: 3 });
    expect(forwards.events.map(({ type, data, revision }) => [type, data, revision])).toEqual([
      ['account.changed', { cents: 100 }, 0],
      ['account.changed', { cents: 1 }, 1],
      ['account.noted', { note: 'n1' }, 1],
      ['account.changed', { cents: 100 }, 3],
    ]);
    const backwards = await store.read('main.account-a', { direction: 'backwards' });
    expect(backwards.events).toEqual([...forwards.events].reverse());
  });

  it('reads past what was dropped, and is empty only at the end', async () => {
    await add('a', 'viewed', 'viewed', 'paid', 'viewed', 'viewed');
    expect(typesOf((await store.read('main.account-a', { limit: 1 })).events)).toEqual(['changed']);
    expect(typesOf((await store.read('main.account-a', { limit: 1, direction: 'backwards' })).events)).toEqual([
      'changed',
    ]);
    const rest = await store.read('main.account-a', { from: 3, limit: 1 });
    expect(rest).toEqual({ status: 'present', events: [], lastRevision: 4 });
    const before = await store.read('main.account-a', { from: 1, limit: 1, direction: 'backwards' });
    expect(before.events).toEqual([]);
  });

  it('finds all that became what a filter asks for, and only that', async () => {
    await add('a', 'paid', 'booked', 'viewed');
    const types = ['account.changed'];
    expect(typesOf((await store.readAll({ filter: { types } })).events)).toEqual(['changed', 'changed']);
    expect(typesOf((await store.readAll()).events)).toEqual(['changed', 'changed', 'noted']);
    expect(await delivered({ types: ['account.noted'] })).toEqual(['account.noted', 'caught-up']);
    expect(await delivered()).toEqual([
      ...['account.changed', 'account.changed', 'account.noted', 'checkpoint', 'caught-up'],
    ]);
  });

  it('finds an event by its id, also one that was dropped since', async () => {
    await add('a', 'booked', 'viewed');
    const [booked, viewed] = (await stored.read('main.account-a')).events;
    expect(await store.find(booked!.id)).toMatchObject({ type: 'account.changed', data: { cents: 1 } });
    expect(await store.find(viewed!.id)).toMatchObject({ type: 'account.viewed' });
    expect(await store.find(systemIds.next())).toBeUndefined();
  });

  it('stamps what is appended with the current version', async () => {
    const event = (type: string) => ({ id: systemIds.next(), type, data: {}, metadata: { schemaVersion: 1 } });
    await store.append('main.account-a', 'none', [event('account.changed'), event('account.noted')]);
    const { events } = await stored.read('main.account-a');
    expect(events.map(({ metadata }) => metadata.schemaVersion)).toEqual([2, 1]);
  });

  it('parks and replays an event that became several as the one that it was', async () => {
    await add('a', 'paid', 'booked', 'paid');
    let refuses = true;
    const picky = projection<{ types: string[] }, Today>({
      ...{ name: 'picky', version: 1, readModel: { name: 'picky', indexes: [] } },
      key: ({ stream }) => stream,
      evolve(seen, { type }) {
        if (type === 'account.noted' && refuses) throw new Error('no notes');
        return { types: [...(seen?.types ?? []), type] };
      },
    });
    const documents = await SqliteReadStore.open(':memory:');
    const quiet = { log: () => undefined, warn: () => undefined };
    const retry = { attempts: 1, delay: () => Promise.resolve() };
    const runner = new ProjectionRunner(picky, store, documents, { logger: quiet, retry });
    await runner.start();
    await upToDate(runner, store);
    expect(await documentsOf(documents, 'picky')).toEqual({ 'main.account-a': { types: ['account.changed'] } });
    refuses = false;
    expect(await runner.release('main.account-a')).toBe(true);
    expect(await documentsOf(documents, 'picky')).toEqual({
      'main.account-a': { types: ['account.changed', 'account.changed', 'account.noted', 'account.changed'] },
    });
    await runner.stop();
    await documents.close();
  });

  describe('under objects and projections', () => {
    let module: TestingModule;
    beforeEach(async () => {
      const memory = 'sqlite::memory:';
      module = await Test.createTestingModule({
        imports: [
          PlatformModule.forRoot({
            stores: { eventStore: memory, readStore: memory },
            dispatch: { cachedObjects: 1, snapshotEvery: 3 },
            upcasters: list,
          }),
          PlatformModule.forObjects([account]),
        ],
      }).compile();
      await module.init();
      await store.close();
      store = module.get<EventStore>(EVENT_STORE);
    });
    afterEach(async () => {
      await module.close();
      store = await SqliteEventStore.open(':memory:');
    });

    it('gives what a log would give that had always been stored as it is today', async () => {
      const kind = fc.constantFrom('paid', 'booked', 'viewed', 'changed');
      const log = fc.array(fc.tuple(fc.constantFrom('a', 'b'), kind, fc.integer({ min: 0, max: 9 })), {
        maxLength: 40,
      });
      let run = 0;
      await fc.assert(
        fc.asyncProperty(log, fc.integer({ min: 1, max: 7 }), async (steps, pageSize) => {
          const name = `x${++run}`;
          const expected: Record<string, { cents: number; notes: string[]; events: number }> = {};
          for (const [id, step, n] of steps) {
            const stream = `${name}.account-${id}`;
            const sum = (expected[id] ??= { cents: 0, notes: [], events: 0 });
            if (step === 'viewed' && sum.events === 0) delete expected[id];
            if (step !== 'viewed') sum.cents += step === 'paid' ? n * 100 : n;
            if (step === 'booked') sum.notes.push(`n${n}`);
            sum.events += { paid: 1, booked: 2, viewed: 0, changed: 1 }[step];
            const made = OLD[step]?.(n) ?? { type: 'account.changed', data: { cents: n } };
            const schemaVersion = step === 'changed' ? 2 : 1;
            await appendStored(module, stream, { ...made, schemaVersion });
          }
          const objects = module.get(Objects);
          for (const id of ['a', 'b']) {
            const { state } = await objects.load(name, { type: 'account', id });
            expect(state).toEqual(expected[id] ? { status: 'open', ...expected[id] } : { status: 'absent' });
          }
          const documents = await SqliteReadStore.open(':memory:');
          const runner = new ProjectionRunner(
            { ...sums, key: ({ stream }) => (stream.startsWith(`${name}.`) ? stream.slice(-1) : null) },
            store,
            documents,
            { pageSize },
          );
          await runner.start();
          await upToDate(runner, store);
          const found = await documentsOf(documents, 'sums');
          await runner.stop();
          await documents.close();
          expect(found).toEqual(Object.fromEntries(Object.entries(expected).map(([id, { cents }]) => [id, { cents }])));
        }),
        { numRuns: 30, seed: 5 },
      );
    });

    it('goes on deciding at the right revision behind events that were dropped or split', async () => {
      await appendStored(module, 'main.account-a', { ...OLD['booked']!(1), schemaVersion: 1 });
      await appendStored(module, 'main.account-a', { ...OLD['viewed']!(1), schemaVersion: 1 });
      const answer: unknown = await module.get(CommandBus).execute(Change.of({ accountId: 'a', cents: 5 }));
      expect(answer).toMatchObject({ revision: 2, created: false });
      const { state } = await module.get(Objects).load('main', { type: 'account', id: 'a' });
      expect(state).toEqual({ status: 'open', cents: 6, notes: ['n1'], events: 3 });
    });
  });
});

/** Past the upcasters, as an older program did it. */
async function appendStored(
  module: TestingModule,
  stream: string,
  { type, data, schemaVersion }: DomainEvent & { schemaVersion: number },
): Promise<void> {
  const event = { id: systemIds.next(), type, data, metadata: { schemaVersion } };
  await module.get<EventStore>(STORED_EVENTS).append(stream, 'any', [event]);
}
