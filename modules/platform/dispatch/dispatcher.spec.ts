import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CommandBus } from '@nestjs/cqrs';
import { Test, type TestingModule } from '@nestjs/testing';
import { Command } from '#kernel/command';
import { DomainError } from '#kernel/errors';
import type { EventOf } from '#kernel/event';
import { objectType } from '#kernel/object-type';
import { EVENT_STORE, type EventStore } from '#platform/event-store/event-store.port';
import { Command as CommandParameter } from '#platform/http/input';
import { PlatformModule } from '#platform/platform.module';
import { Activations } from './activations.js';
import { IdempotencyKeyReused, PreconditionFailed, RequestInFlight } from './dispatch.errors.js';
import { type Answer, enclose, type Envelope } from './envelope.js';
import { Objects } from './objects.js';

type CounterEvent = EventOf<'counter.added', { by: number }> | EventOf<'counter.doubled', object>;
type Counter = { status: 'absent' } | { status: 'counting'; total: number };

class Add extends Command {
  counterId?: string;
  by: number;
}
class Double extends Command {
  counterId: string;
}
class AddTotalOf extends Command {
  counterId: string;
  other: string;
}

const total = (counter: Counter): number => (counter.status === 'counting' ? counter.total : 0);

function evolve(counter: Counter, event: CounterEvent): Counter {
  switch (event.type) {
    case 'counter.added':
      return { status: 'counting', total: total(counter) + event.data.by };
    case 'counter.doubled':
      return { status: 'counting', total: total(counter) * 2 };
  }
}

const counter = objectType<Counter, CounterEvent>('counter', { status: 'absent' }, evolve)
  .needing<{ other?: Counter }>((command) =>
    command instanceof AddTotalOf ? { other: { type: 'counter', id: command.other } } : {},
  )
  .on(Add, (state, { by }): CounterEvent[] => {
    if (by < 0 && total(state) + by < 0) throw new DomainError('unprocessable', 'too-little', 'Add some first.');
    return by === 0 ? [] : [{ type: 'counter.added', data: { by } }];
  })
  .on(Double, (): CounterEvent[] => [
    { type: 'counter.doubled', data: {} },
    { type: 'counter.added', data: { by: 0 } },
  ])
  .on(AddTotalOf, (_, __, { needs }): CounterEvent[] => [{ type: 'counter.added', data: { by: total(needs.other!) } }]);

describe('dispatch', () => {
  let module: TestingModule;
  let store: EventStore;
  let bus: CommandBus;

  beforeEach(async () => {
    module = await Test.createTestingModule({
      imports: [
        PlatformModule.forRoot({
          stores: { eventStore: 'sqlite::memory:', readStore: 'sqlite::memory:' },
          dispatch: { cachedObjects: 2, snapshotEvery: 5 },
        }),
        PlatformModule.forObjects([counter]),
      ],
    }).compile();
    await module.init();
    store = module.get(EVENT_STORE);
    bus = module.get(CommandBus);
  });
  afterEach(() => module.close());

  const sender = { tenant: 'main', actor: { type: 'user', id: 'ada' } };
  const send = (command: Command, envelope: Partial<Envelope> = {}): Promise<Answer> =>
    bus.execute(enclose(command, { ...sender, ...envelope }));
  const add = (by: number, envelope?: Partial<Envelope>, counterId = 'c') => send(Add.of({ counterId, by }), envelope);
  const events = async (id = 'c') => (await store.read(`main.counter-${id}`)).events;
  const stateOf = (id = 'c') => module.get(Objects).load('main', { type: 'counter', id });
  /** An append that this process does not see coming: another process's. */
  const outsider = (id: string, by: number, revision: number | 'none') =>
    store.append(`main.counter-${id}`, revision, [
      { id: crypto.randomUUID(), type: 'counter.added', data: { by }, metadata: {} },
    ]);

  it('turns a command into an event that says who, why and because of what', async () => {
    const answer = await add(3, {
      correlationId: 'request-7',
      reason: 'a gift',
      occurredAt: '2020-01-01T00:00:00Z',
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    });
    const [event] = await events();
    expect(answer).toEqual({ id: 'c', revision: 0, position: event!.position, created: true });
    expect(event).toMatchObject({
      type: 'counter.added',
      data: { by: 3 },
      metadata: {
        tenant: 'main',
        actor: { type: 'user', id: 'ada' },
        correlationId: 'request-7',
        reason: 'a gift',
        occurredAt: '2020-01-01T00:00:00Z',
        schemaVersion: 1,
      },
    });
    expect(event!.metadata.causationId).toBe(event!.metadata.commandId);
  });

  it('makes an id where the command names none', async () => {
    const { id } = await send(Add.of({ by: 1 }));
    expect(await events(id)).toHaveLength(1);
  });

  it('answers a command without consequences with where the object stands', async () => {
    const { position } = await add(1);
    expect(await add(0)).toEqual({ id: 'c', revision: 0, position, created: false });
  });

  it('refuses with the domain’s own error, and writes nothing', async () => {
    await expect(add(-1)).rejects.toMatchObject({ code: 'too-little' });
    expect(await events()).toHaveLength(0);
  });

  it('reads other objects that a decision needs', async () => {
    await add(20, {}, 'other');
    await send(AddTotalOf.of({ counterId: 'c', other: 'other' }));
    expect((await stateOf()).state).toEqual({ status: 'counting', total: 20 });
  });

  describe('at the same time', () => {
    it('lets many commands to one object each have their effect', async () => {
      const answers = await Promise.all(Array.from({ length: 64 }, () => add(1)));
      expect(new Set(answers.map(({ revision }) => revision)).size).toBe(64);
      expect((await stateOf()).state).toEqual({ status: 'counting', total: 64 });
    });

    it('decides again where another process was faster', async () => {
      await add(1);
      await outsider('c', 10, 0);
      expect(await add(1)).toMatchObject({ revision: 2 });
      expect((await stateOf()).state).toEqual({ status: 'counting', total: 12 });
    });

    it('takes back a refusal that rested on a state that did not last', async () => {
      await add(1);
      await outsider('c', 10, 0);
      // On the state in memory, 1 + 1, the second command would be refused; on the true one, 12, it is not.
      const outcomes = await Promise.all([add(1), add(-5)]);
      expect(outcomes.map(({ revision }) => revision).sort()).toEqual([2, 3]);
      expect((await stateOf()).state).toEqual({ status: 'counting', total: 7 });
    });
  });

  describe('with a precondition', () => {
    it('holds the object to a revision', async () => {
      await add(1);
      await expect(add(1, { expected: 5 })).rejects.toBeInstanceOf(PreconditionFailed);
      expect(await add(1, { expected: 0 })).toMatchObject({ revision: 1 });
    });
    it('creates only, or changes only', async () => {
      await expect(add(1, { expected: 'exists' })).rejects.toBeInstanceOf(PreconditionFailed);
      await add(1, { expected: 'none' });
      await expect(add(1, { expected: 'none' })).rejects.toBeInstanceOf(PreconditionFailed);
      expect(await add(1, { expected: 'exists' })).toMatchObject({ revision: 1 });
    });
  });

  describe('with an idempotency key', () => {
    it('carries a command out once and gives the first answer again', async () => {
      const first = await send(Double.of({ counterId: 'c' }), { idempotencyKey: 'k' });
      await add(5);
      const again = await send(Double.of({ counterId: 'c' }), { idempotencyKey: 'k' });
      expect(again).toEqual({ ...first, replayed: true });
      expect(await events()).toHaveLength(3);
    });
    it('finds the object it made when it is repeated', async () => {
      const first = await send(Add.of({ by: 1 }), { idempotencyKey: 'k' });
      const again = await send(Add.of({ by: 1 }), { idempotencyKey: 'k' });
      expect(again).toEqual({ ...first, replayed: true });
    });
    it('gives the first answer again when the object was deleted since, and brings nothing back', async () => {
      const first = await send(Double.of({ counterId: 'c' }), { idempotencyKey: 'k' });
      await add(5);
      await store.delete('main.counter-c', 'any', 'soft');
      expect(first).toMatchObject({ revision: 1 });
      expect(await send(Double.of({ counterId: 'c' }), { idempotencyKey: 'k' })).toEqual({ ...first, replayed: true });
      expect(await store.read('main.counter-c')).toMatchObject({ status: 'missing' });
    });
    it('refuses another command under the same key', async () => {
      await add(1, { idempotencyKey: 'k' });
      await expect(add(2, { idempotencyKey: 'k' })).rejects.toBeInstanceOf(IdempotencyKeyReused);
      await expect(add(1, { idempotencyKey: 'k' }, 'elsewhere')).rejects.toBeInstanceOf(IdempotencyKeyReused);
    });
    it('refuses the same command while it is being carried out', async () => {
      const outcomes = await Promise.allSettled([add(1, { idempotencyKey: 'k' }), add(1, { idempotencyKey: 'k' })]);
      expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
      expect(outcomes[1]).toMatchObject({ reason: expect.any(RequestInFlight) });
    });
    it('lets a refused command try again', async () => {
      await expect(add(-1, { idempotencyKey: 'k' })).rejects.toMatchObject({ code: 'too-little' });
      await add(5);
      expect(await add(-1, { idempotencyKey: 'k' })).toMatchObject({ revision: 1 });
    });
    it('keeps tenants apart', async () => {
      await add(1, { idempotencyKey: 'k' });
      expect(await add(2, { idempotencyKey: 'k', tenant: 'other' })).toMatchObject({ revision: 0 });
    });
  });

  describe('with more objects than fit in memory', () => {
    it('loads those that left, from a snapshot where there is one', async () => {
      for (let n = 0; n < 12; n++) await add(1);
      await Promise.all(['a', 'b', 'd'].map((id) => add(1, {}, id)));
      expect(module.get(Activations).peek('main.counter-c')).toBeUndefined();
      expect(await stateOf()).toEqual({ state: { status: 'counting', total: 12 }, revision: 11 });
      expect(module.get(Activations).peek('main.counter-c')?.snapshotRevision).toBeGreaterThanOrEqual(4);
    });
    it('leaves a snapshot aside that the stream does not bear out', async () => {
      for (let n = 0; n < 6; n++) await add(1);
      await store.delete('main.counter-c', 'any', 'soft');
      await Promise.all(['a', 'b', 'd'].map((id) => add(1, {}, id)));
      expect((await stateOf()).state).toEqual({ status: 'absent' });
    });
  });

  it('shows an object as it was', async () => {
    for (const by of [1, 2, 3]) await add(by);
    const at = (revision: number) => module.get(Objects).loadAt('main', { type: 'counter', id: 'c' }, revision);
    expect(await at(0)).toEqual({ state: { status: 'counting', total: 1 }, revision: 0 });
    expect(await at(1)).toEqual({ state: { status: 'counting', total: 3 }, revision: 1 });
    expect(await at(99)).toEqual({ state: { status: 'counting', total: 6 }, revision: 2 });
  });
});

describe('the boot', () => {
  const boot = (...types: Parameters<typeof PlatformModule.forObjects>[0]) =>
    Test.createTestingModule({
      imports: [
        PlatformModule.forRoot({
          stores: { eventStore: 'sqlite::memory:', readStore: 'sqlite::memory:' },
          dispatch: { cachedObjects: 2, snapshotEvery: 5 },
        }),
        PlatformModule.forObjects(types),
      ],
    }).compile();
  const empty = (name: string, open = false) => objectType(name, { status: 'absent' }, (state) => state, { open });

  it('refuses two types or two commands of one name', async () => {
    await expect(boot(counter, empty('counter'))).rejects.toThrow("Two object types are called 'counter'");
    const twin = empty('twin').on(Add, () => []);
    await expect(boot(counter, twin)).rejects.toThrow('Command Add is declared twice');
  });
  it('refuses an endpoint whose command nobody decides', async () => {
    class Forgotten extends Command {}
    class ForgottenController {
      forget(_command: Forgotten): void {}
    }
    Reflect.defineMetadata('design:paramtypes', [Forgotten], ForgottenController.prototype, 'forget');
    CommandParameter()(ForgottenController.prototype, 'forget', 0);
    const module = await boot(counter);
    await expect(module.init()).rejects.toThrow('No object type decides Forgotten: add .on(Forgotten, …) to one.');
    await module.close();
  });
  it('refuses two open types', async () => {
    await expect(boot(empty('a', true), empty('b', true))).rejects.toThrow('only one type can be');
  });
});
