import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CommandBus } from '@nestjs/cqrs';
import { Test, type TestingModule } from '@nestjs/testing';
import { Command } from '#kernel/command';
import { DomainError } from '#kernel/errors';
import type { EventOf } from '#kernel/event';
import { objectType } from '#kernel/object-type';
import { EVENT_STORE, type EventStore } from '#platform/event-store/event-store.port';
import { PlatformModule } from '#platform/platform.module';
import { READ_STORE, type ReadStore } from '#platform/read-store/read-store.port';
import { ManualClock } from '#test/support/manual-clock';
import { Activations } from './activations.js';
import { DryRun } from './dry-run.js';
import { enclose } from './envelope.js';
import type { Moment } from './moment.js';

type Counter = { status: 'absent' } | { status: 'counting'; total: number };
type Added = EventOf<'counter.added', { by: number; id: string; at: string }>;

class Add extends Command {
  counterId: string;
  by: number;
  /** Adds the total of this one, too. */
  other?: string;
}

const total = (counter: Counter | undefined) => (counter?.status === 'counting' ? counter.total : 0);

const counter = objectType<Counter, Added>('counter', { status: 'absent' }, (state, { data }) => ({
  status: 'counting',
  total: total(state) + data.by,
}))
  .needing<{ other?: Counter }, Add>(({ other }) => ({
    ...(other !== undefined && { other: { type: 'counter', id: other } }),
  }))
  .on(Add, (state, { by }, context): Added[] => {
    if (total(state) + by < 0) throw new DomainError('unprocessable', 'too-little', 'Add some first.');
    return [
      {
        type: 'counter.added',
        data: { by: by + total(context.needs.other), id: context.newId(), at: context.now.toISOString() },
      },
    ];
  });

describe('a dry run', () => {
  let module: TestingModule;
  let clock: ManualClock;
  let store: EventStore;

  beforeEach(async () => {
    clock = new ManualClock();
    module = await Test.createTestingModule({
      imports: [
        PlatformModule.forRoot({
          stores: { eventStore: 'sqlite::memory:', readStore: 'sqlite::memory:' },
          dispatch: { cachedObjects: 1, snapshotEvery: 1_000, markEvery: 2 },
          clock,
        }),
        PlatformModule.forObjects([counter]),
      ],
    }).compile();
    await module.init();
    store = module.get(EVENT_STORE);
  });
  afterEach(() => module.close());

  const sender = { tenant: 'main', actor: { type: 'user', id: 'ada' }, idempotencyKey: 'k' };
  const of = (by: number, other?: string) => Add.of({ counterId: 'a', by, other });
  const decide = (command: Add, moment?: Moment, more: object = {}) =>
    module.get(DryRun).decide(enclose(command, { ...sender, ...more }), { type: 'counter', id: 'a' }, moment);
  const add = async (counterId: string, by: number) => {
    await module.get(CommandBus).execute(Add.of({ counterId, by }));
    clock.advance(60);
  };

  it('tells what would be appended, and with which time and sender', async () => {
    await add('a', 1);
    const { last, events, state, refusal } = await decide(of(2), undefined, { reason: 'trying' });
    expect(refusal).toBeUndefined();
    expect(last).toMatchObject({ revision: 0 });
    expect(events).toMatchObject([
      {
        type: 'counter.added',
        data: { by: 2, id: expect.any(String), at: '2026-01-01T00:01:00.000Z' },
        metadata: { actor: sender.actor, reason: 'trying', occurredAt: '2026-01-01T00:01:00.000Z' },
      },
    ]);
    expect(state).toEqual({ status: 'counting', total: 3 });
  });

  it('leaves nothing behind: no event, no object in memory, no snapshot, no way-mark', async () => {
    for (let n = 0; n < 4; n++) await add('a', 1);
    await add('b', 1); // and 'a' leaves the cache
    const readStore = module.get<ReadStore>(READ_STORE);
    const marks = () => readStore.count('way_marks');
    const [head, before] = [await store.head(), await marks()];
    await decide(of(1));
    await decide(of(1), { revision: 3 });
    await decide(of(-99));
    expect(await store.head()).toBe(head);
    expect(module.get(Activations).peek('main.counter-a')).toBeUndefined();
    expect(module.get(Activations).peek('main.counter-b')).toBeDefined();
    expect([await marks(), await readStore.count('snapshots')]).toEqual([before, 0]);
    const answer: object = await module.get(CommandBus).execute(enclose(of(1), sender));
    expect(answer).not.toHaveProperty('replayed');
  });

  it('decides as of a moment, with the time and the other objects of then', async () => {
    await add('a', 1);
    await add('b', 10);
    await add('a', 2);
    await add('b', 20);
    const [first, second] = (await store.read('main.counter-a')).events.map(({ recordedAt }) => recordedAt) as [
      string,
      string,
    ];
    const cases: [Moment, number, string][] = [
      [{}, 31, '2026-01-01T00:04:00.000Z'],
      [{ at: Date.parse('2026-01-01T00:01:30Z'), clock: 'occurred' }, 11, '2026-01-01T00:01:30.000Z'],
      [{ at: Date.parse('2026-01-01T00:00:30Z'), clock: 'occurred' }, 1, '2026-01-01T00:00:30.000Z'],
      [{ revision: 0 }, 1, first],
      [{ revision: 1 }, 11, second],
    ];
    for (const [moment, by, at] of cases) {
      const { events } = await decide(of(1, 'b'), moment);
      expect([moment, events.map(({ data }) => data)]).toEqual([moment, [{ by, at, id: expect.any(String) }]]);
    }
  });

  it('tells of the refusal, and of a condition that does not hold', async () => {
    await add('a', 1);
    expect(await decide(of(-2))).toMatchObject({ events: [], refusal: { code: 'too-little' } });
    expect(await decide(of(1), {}, { expected: 7 })).toMatchObject({ refusal: { code: 'precondition-failed' } });
    expect((await decide(of(1), {}, { expected: 0 })).refusal).toBeUndefined();
  });
});
