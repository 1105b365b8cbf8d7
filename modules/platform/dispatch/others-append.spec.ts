import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { CommandBus } from '@nestjs/cqrs';
import { Test, type TestingModule } from '@nestjs/testing';
import { Command } from '#kernel/command';
import { DomainError } from '#kernel/errors';
import type { EventOf } from '#kernel/event';
import { objectType } from '#kernel/object-type';
import { type EventStore, STORED_EVENTS } from '#platform/event-store/event-store.port';
import { SqliteEventStore } from '#platform/event-store/sqlite-event-store.adapter';
import { PlatformModule } from '#platform/platform.module';
import { PreconditionFailed } from './dispatch.errors.js';
import { type Answer, enclose, type Envelope } from './envelope.js';
import { Objects } from './objects.js';

type Account = { status: 'absent' } | { status: 'open'; balance: number };
type AccountEvent = EventOf<'account.changed', { by: number }>;

class Change extends Command {
  accountId: string;
  by: number;
}
class Mirror extends Command {
  accountId: string;
  other: string;
}

const balanceOf = (account: Account): number => (account.status === 'open' ? account.balance : 0);

const account = objectType<Account, AccountEvent>('account', { status: 'absent' }, (state, { data }) => ({
  status: 'open',
  balance: balanceOf(state) + data.by,
}))
  .needing<{ other?: Account }>((command) =>
    command instanceof Mirror ? { other: { type: 'account', id: command.other } } : {},
  )
  .on(Change, (state, { by }): AccountEvent[] => {
    if (balanceOf(state) + by < 0) throw new DomainError('unprocessable', 'overdrawn', 'Pay something in first.');
    return by === 0 ? [] : [{ type: 'account.changed', data: { by } }];
  })
  .on(Mirror, (_, __, { needs }): AccountEvent[] => [
    { type: 'account.changed', data: { by: balanceOf(needs.other!) } },
  ]);

/** Two processes' dispatch over one event store, and somebody who appends past both. */
describe('dispatch where others append to the same streams', () => {
  let store: SqliteEventStore;
  let processes: Process[];

  beforeEach(async () => {
    store = await SqliteEventStore.open(':memory:');
    processes = await Promise.all([start(store, true), start(store, true)]);
  });
  afterEach(async () => {
    await Promise.all(processes.map(({ module }) => module.close()));
    await store.close();
  });

  const change = (by: number, { process = 0, id = 'a', ...envelope }: Sending = {}) =>
    processes[process]!.send(Change.of({ accountId: id, by }), envelope);
  const balance = async (process = 0, id = 'a') => {
    const { state } = await processes[process]!.module.get(Objects).load('main', { type: 'account', id });
    return balanceOf(state as Account);
  };

  it('takes no refusal from a state that others have changed', async () => {
    await change(1);
    await change(10, { process: 1 });
    expect(await change(-5)).toMatchObject({ revision: 2 });
    await change(-6, { process: 1 });
    await expect(change(-1)).rejects.toMatchObject({ code: 'overdrawn' });
  });

  it('answers a command without consequences with where the object stands now', async () => {
    await change(1);
    const { position } = await change(10, { process: 1 });
    expect(await change(0)).toEqual({ id: 'a', revision: 1, position, created: false });
  });

  it('holds preconditions to what is stored', async () => {
    await change(1);
    await change(10, { process: 1 });
    await expect(change(1, { expected: 0 })).rejects.toBeInstanceOf(PreconditionFailed);
    expect(await change(1, { expected: 1 })).toMatchObject({ revision: 2 });
    expect(await change(1, { process: 1, expected: 2 })).toMatchObject({ revision: 3 });
  });

  it('sees at once that another has created the object', async () => {
    await expect(change(-1)).rejects.toMatchObject({ code: 'overdrawn' });
    await change(10, { process: 1 });
    await expect(change(1, { expected: 'none' })).rejects.toBeInstanceOf(PreconditionFailed);
    expect(await change(-1)).toMatchObject({ revision: 1, created: false });
  });

  it('loads what others have just stored, and what a decision needs of it', async () => {
    await change(1);
    await change(10, { process: 1 });
    expect(await balance()).toBe(11);
    await change(10, { process: 1 });
    await processes[0]!.send(Mirror.of({ accountId: 'b', other: 'a' }));
    expect(await balance(1, 'b')).toBe(21);
  });

  it('notices that the stream was deleted', async () => {
    await change(1);
    await store.delete('main.account-a', 0, 'soft');
    expect(await balance()).toBe(0);
    await expect(change(-1)).rejects.toMatchObject({ code: 'overdrawn' });
  });

  it('lets many commands of both processes each have their effect', async () => {
    await Promise.all(Array.from({ length: 40 }, (_, n) => change(1, { process: n % 2 })));
    expect(await Promise.all([balance(0), balance(1)])).toEqual([40, 40]);
  });

  it('lets one of two win who want the same revision, and refuses the other', async () => {
    await change(1);
    await balance(1);
    const outcomes = await Promise.allSettled([0, 1].map((process) => change(1, { process, expected: 0 })));
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: expect.any(PreconditionFailed),
    });
    expect(await balance()).toBe(2);
  });

  it('never overdraws, however the processes interleave', async () => {
    await change(10);
    const outcomes = await Promise.allSettled(Array.from({ length: 30 }, (_, n) => change(-1, { process: n % 2 })));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(10);
    expect(await Promise.all([balance(0), balance(1)])).toEqual([0, 0]);
  });

  it('takes nothing for granted that it has only sent: another may be first', async () => {
    await change(10);
    await balance(1);
    // The first one takes all. The other two are decided meanwhile, and the last one finds a stream as long as it expects.
    const changes = [change(-10, { process: 1 }), change(-6), change(-4)];
    const outcomes = await Promise.allSettled(changes);
    expect(await balance()).toBe(0);
    const refusal = { status: 'rejected', reason: expect.objectContaining({ code: 'overdrawn' }) };
    expect(outcomes).toEqual([expect.objectContaining({ status: 'fulfilled' }), refusal, refusal]);
  });

  it('answers a repetition as the first time, also where another carries it out meanwhile', async () => {
    await change(10);
    const find = store.find.bind(store);
    let first: Answer | undefined;
    jest.spyOn(store, 'find').mockImplementationOnce(async (eventId) => {
      const found = await find(eventId);
      first = await change(-10, { idempotencyKey: 'k' });
      return found;
    });
    const again = await change(-10, { process: 1, idempotencyKey: 'k' });
    expect(again).toEqual({ ...first, replayed: true });
    expect(await balance()).toBe(0);
  });

  it('builds nothing on a repetition that the store has answered with what another had carried out', async () => {
    await change(10);
    const [find, append] = [store.find.bind(store), store.append.bind(store)];
    jest.spyOn(store, 'find').mockImplementationOnce(async (eventId) => {
      const found = await find(eventId);
      const first = await change(5, { idempotencyKey: 'k' });
      // As EventStoreDB's adapter does, by the event's id, wherever it stands in the stream.
      jest
        .spyOn(store, 'append')
        .mockImplementationOnce(async () => first)
        .mockImplementation(append);
      return found;
    });
    expect(await change(5, { process: 1, idempotencyKey: 'k' })).toMatchObject({ revision: 1 });
    await change(-15);
    await expect(change(-5, { process: 1 })).rejects.toMatchObject({ code: 'overdrawn' });
    expect(await Promise.all([balance(0), balance(1)])).toEqual([0, 0]);
  });

  it('costs one read of one event for each refusal and each load, and none after an own append', async () => {
    await change(1);
    const read = jest.spyOn(store, 'read');
    await expect(change(-5)).rejects.toMatchObject({ code: 'overdrawn' });
    await balance();
    expect(read.mock.calls).toEqual(Array(2).fill(['main.account-a', { direction: 'backwards', limit: 1 }]));
    read.mockClear();
    await change(1);
    await balance(0, 'never');
    expect(read).toHaveBeenCalledTimes(1);
  });
});

describe('dispatch over a store of its own', () => {
  it('reads nothing to make sure', async () => {
    const store = await SqliteEventStore.open(':memory:');
    const { module, send } = await start(store, false);
    await send(Change.of({ accountId: 'a', by: 1 }));
    const read = jest.spyOn(store, 'read');
    await expect(send(Change.of({ accountId: 'a', by: -5 }))).rejects.toMatchObject({ code: 'overdrawn' });
    await module.get(Objects).load('main', { type: 'account', id: 'a' });
    expect(read).not.toHaveBeenCalled();
    await module.close();
  });
});

interface Process {
  readonly module: TestingModule;
  readonly send: (command: Command, envelope?: Partial<Envelope>) => Promise<Answer>;
}

type Sending = Partial<Envelope> & { process?: number; id?: string };

async function start(store: EventStore, othersAppend: boolean): Promise<Process> {
  const memory = 'sqlite::memory:';
  const module = await Test.createTestingModule({
    imports: [
      PlatformModule.forRoot({
        stores: { eventStore: memory, readStore: memory },
        dispatch: { cachedObjects: 100, snapshotEvery: 5, othersAppend },
      }),
      PlatformModule.forObjects([account]),
    ],
  })
    .overrideProvider(STORED_EVENTS)
    .useValue(store)
    .compile();
  await module.init();
  const sender = { tenant: 'main', actor: { type: 'user', id: 'ada' } };
  return {
    module,
    send: (command, envelope) => module.get(CommandBus).execute(enclose(command, { ...sender, ...envelope })),
  };
}
