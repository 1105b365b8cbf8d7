import { afterEach, describe, expect, it } from '@jest/globals';
import { eventIdOf, systemIds } from '#kernel/ids';
import { copyEvents } from '#platform/copying/copy-events';
import { EventStoreDbServer } from '#test/support/eventstoredb-server';
import { ManualClock } from '#test/support/manual-clock';
import { StoreUnavailable } from './event-store.errors.js';
import type { EventStore, NewEvent } from './event-store.port.js';
import { EventStoreDbEventStore } from './eventstoredb-event-store.adapter.js';
import { SqliteEventStore } from './sqlite-event-store.adapter.js';

const DAY = 24 * 60 * 60;

const event = (n = 0): NewEvent => ({ id: systemIds.next(), type: 'task.changed', data: { n }, metadata: {} });

/** What a command with a key leads to. */
function keyed(events: number): NewEvent[] {
  const commandId = systemIds.next();
  return Array.from({ length: events }, (_, n) => ({
    ...event(n),
    id: eventIdOf(commandId, n),
    metadata: { commandId, commandDigest: 'digest' },
  }));
}

describe('a copy to EventStoreDB', () => {
  const clock = new ManualClock();
  let close: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const one of close.toReversed()) await one();
    close = [];
  });

  async function open(behind?: (store: EventStore) => EventStore) {
    const server = await EventStoreDbServer.start({ clock, ...(behind && { behind }) });
    close.push(() => server.end());
    const from = await SqliteEventStore.open(':memory:', { clock, maxEventBytes: 2 ** 22 });
    close.push(() => from.close());
    const to = await EventStoreDbEventStore.open(server.url, { clock });
    close.push(() => to.close());
    return { from, to, server };
  }

  const streamsIn = async (store: EventStore): Promise<string[]> =>
    (await store.readAll()).events.map(({ stream }) => stream);

  it('knows the commands of the last week, so that none is carried out again', async () => {
    const { from, to } = await open();
    const [old, first, second] = [keyed(1), keyed(2), keyed(1)];
    await from.append('main.task-old', 'none', old);
    clock.advance(7 * DAY + 1);
    await from.append('main.task-a', 'none', [event(), ...first]);
    await from.append('main.task-b', 'none', second);
    const { copied } = await copyEvents(from, to);
    expect(copied).toBe(5);
    expect(await to.find(first[0]!.id)).toMatchObject({ stream: 'main.task-a', revision: 1 });
    expect(await to.find(second[0]!.id)).toMatchObject({ stream: 'main.task-b', revision: 0 });
    expect(await to.find(old[0]!.id)).toBeUndefined();
    const head = await to.head();
    expect(await to.append('main.task-b', 'none', second, { findable: true })).toEqual({ revision: 0, position: head });
  });

  it('keeps the order where the server fails from one event on', async () => {
    let appends = 0;
    const { from, to } = await open((store) =>
      failing(store, async (stream) => {
        if (stream.startsWith('main.') && ++appends > 3 && appends <= 10)
          throw new StoreUnavailable('The disk is full.');
      }),
    );
    for (let n = 0; n < 10; n++) await from.append(`main.task-${n}`, 'none', [event(n)]);
    await copyEvents(from, to);
    expect(appends).toBeGreaterThan(10);
    expect(await streamsIn(to)).toEqual(await streamsIn(from));
  });

  it('is refused where the server fails in one event and takes the next ones', async () => {
    const passed = Promise.withResolvers<void>();
    let failures = 0;
    const { from, to } = await open((store) =>
      failing(store, async (stream) => {
        if (stream === 'main.task-9') passed.resolve();
        if (stream !== 'main.task-3' || failures++ > 0) return;
        await passed.promise;
        throw new StoreUnavailable('It took too long.');
      }),
    );
    for (let n = 0; n < 10; n++) await from.append(`main.task-${n}`, 'none', [event(n)]);
    await expect(copyEvents(from, to)).rejects.toMatchObject({ code: 'copy-out-of-order' });
  });

  it('stops before an event that the server does not take, and goes on with it', async () => {
    const { from, to } = await open();
    await from.append('main.task-a', 'none', [event()]);
    await from.append('main.task-b', 'none', [{ ...event(), data: { text: 'x'.repeat(2 ** 21) } }]);
    await from.append('main.task-c', 'none', [event()]);
    for (let times = 0; times < 2; times++) {
      await expect(copyEvents(from, to)).rejects.toMatchObject({ code: 'append-too-large' });
      expect(await streamsIn(to)).toEqual(['main.task-a']);
    }
  });
});

/** The store, asked before each append whether it takes place. */
function failing(store: EventStore, before: (stream: string) => Promise<void>): EventStore {
  return new Proxy(store, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      if (name !== 'append') return value.bind(target) as unknown;
      return async (...args: Parameters<EventStore['append']>) => {
        // Not where it is only asked how the stream stands.
        if (args[2][0]?.type === 'task.changed') await before(args[0]);
        return target.append(...args);
      };
    },
  });
}
