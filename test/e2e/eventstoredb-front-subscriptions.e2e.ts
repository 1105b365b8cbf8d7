import {
  type AllStreamSubscription,
  binaryEvent,
  END,
  type EventData,
  EventStoreDBClient,
  eventTypeFilter,
  excludeSystemEvents,
  jsonEvent,
  type Position,
  type ResolvedEvent,
  START,
  StreamDeletedError,
  streamNameFilter,
  type StreamSubscription,
  UnavailableError,
} from '@eventstore/db-client';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { SqliteEventStore } from '#platform/event-store/sqlite-event-store.adapter';
import type { SubscribeOptions, SubscriptionMessage } from '#platform/event-store/event-store.port';
import { EventStoreDbFront } from '#platform/eventstoredb-front/front';
import { clientOf, collect, servedStore } from '#test/support/served-store';

function notes(count: number, type = 'noted'): EventData[] {
  return Array.from({ length: count }, (_, index) => jsonEvent({ type, data: { index } }));
}

const served = servedStore();
const client = () => served().client;

/** What a subscription said, in order: revisions, and the names of its other messages. */
function listen(subscription: StreamSubscription | AllStreamSubscription) {
  const said: (number | string)[] = [];
  const waiting: { count: number; resolve: () => void }[] = [];
  const say = (word: number | string): void => {
    said.push(word);
    for (const { count, resolve } of waiting) if (said.length >= count) resolve();
  };
  subscription.on('confirmation', () => say('confirmed'));
  subscription.on('caughtUp', () => say('caught up'));
  subscription.on('data', ({ event }: ResolvedEvent) => say(Number(event!.revision)));
  const until = (count: number): Promise<void> =>
    new Promise((resolve) => {
      if (said.length >= count) resolve();
      waiting.push({ count, resolve });
    });
  return { said, until };
}

describe('a subscription to a stream', () => {
  it('gives what is there, says so, and then what comes', async () => {
    await client().appendToStream('live', notes(3));
    const subscription = client().subscribeToStream('live');
    const { said, until } = listen(subscription);
    await until(5);
    await client().appendToStream('live2', notes(1));
    await client().appendToStream('live', notes(2));
    await until(7);
    await subscription.unsubscribe();
    expect(said).toEqual(['confirmed', 0, 1, 2, 'caught up', 3, 4]);
  });

  it('begins after a revision', async () => {
    await client().appendToStream('after', notes(4));
    const subscription = client().subscribeToStream('after', { fromRevision: 2n });
    const { said, until } = listen(subscription);
    await until(3);
    await client().appendToStream('after', notes(1));
    await until(4);
    await subscription.unsubscribe();
    expect(said).toEqual(['confirmed', 3, 'caught up', 4]);
  });

  it('begins at the end', async () => {
    await client().appendToStream('end', notes(4));
    const subscription = client().subscribeToStream('end', { fromRevision: END });
    const { said, until } = listen(subscription);
    await until(2);
    await client().appendToStream('end', notes(2));
    await until(4);
    await subscription.unsubscribe();
    expect(said).toEqual(['confirmed', 'caught up', 4, 5]);
  });

  it('waits for a stream that is not there yet', async () => {
    const subscription = client().subscribeToStream('to come');
    const { said, until } = listen(subscription);
    await until(2);
    await client().appendToStream('to come', notes(1));
    await until(3);
    await subscription.unsubscribe();
    expect(said).toEqual(['confirmed', 'caught up', 0]);
  });

  it('goes on over a deletion and ends at a tombstone', async () => {
    await client().appendToStream('mortal', notes(2));
    const subscription = client().subscribeToStream('mortal');
    const { said, until } = listen(subscription);
    const failed = once(subscription, 'error');
    await until(4);
    await client().deleteStream('mortal');
    await client().appendToStream('mortal', notes(1));
    await until(5);
    await client().tombstoneStream('mortal');
    expect(await failed).toMatchObject([{ constructor: StreamDeletedError, streamName: 'mortal' }]);
    expect(said).toEqual(['confirmed', 0, 1, 'caught up', 2]);
    const error = await collect(client().subscribeToStream('mortal')).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(StreamDeletedError);
  });

  it('misses nothing and repeats nothing while others append', async () => {
    const count = 1_500;
    const appended = (async () => {
      for (let n = 0; n < count / 5; n++) await client().appendToStream('busy', notes(5));
    })();
    const subscriptions = Array.from({ length: 5 }, () => collect(client().subscribeToStream('busy'), count));
    await appended;
    for (const events of await Promise.all(subscriptions)) {
      expect(events.map(({ event }) => Number(event!.revision))).toEqual(Array.from({ length: count }, (_, n) => n));
    }
  });

  it('follows links and system streams', async () => {
    await client().appendToStream('target', notes(1));
    await client().appendToStream('$ce-target', binaryEvent({ type: '$>', data: Buffer.from('0@target') }));
    const [resolved] = await collect(client().subscribeToStream('$ce-target', { resolveLinkTos: true }), 1);
    expect(resolved).toMatchObject({ event: { streamId: 'target' }, link: { streamId: '$ce-target' } });
  });
});

describe('a subscription to all', () => {
  it('gives what comes after a position, and says once that it has caught up', async () => {
    const { position } = await client().appendToStream('all', notes(1));
    await client().appendToStream('all', notes(3));
    const subscription = client().subscribeToAll({ fromPosition: position! });
    const { said, until } = listen(subscription);
    await until(5);
    await client().appendToStream('all', notes(1));
    await until(6);
    await client().appendToStream('all', notes(1));
    await until(7);
    await subscription.unsubscribe();
    expect(said).toEqual(['confirmed', 1, 2, 3, 'caught up', 4, 5]);
  });

  it('begins at the end', async () => {
    const subscription = client().subscribeToAll({ fromPosition: END });
    const { said, until } = listen(subscription);
    await until(2);
    await client().appendToStream('all end', notes(2));
    await until(4);
    await subscription.unsubscribe();
    expect(said).toEqual(['confirmed', 'caught up', 0, 1]);
  });

  it('begins with the system events', async () => {
    const [first] = await collect(client().subscribeToAll({ fromPosition: START }), 1);
    expect(first!.event).toMatchObject({ streamId: '$settings' });
  });

  it.each([
    ['stream prefixes', streamNameFilter({ prefixes: ['filtered-a', 'filtered-b'] }), ['a', 'b']],
    ['a stream regex', streamNameFilter({ regex: '^filtered-[bc]$' }), ['b', 'c']],
    ['event type prefixes', eventTypeFilter({ prefixes: ['type-a', 'type-c'] }), ['a', 'c']],
    ['an event type regex', eventTypeFilter({ regex: '^type-[a-b]$' }), ['a', 'b']],
    ['what is not wanted', eventTypeFilter({ regex: '^(?!(\\$.+$|noted$|type-b$))' }), ['a', 'c']],
  ])('is filtered by %s', async (_, filter, expected) => {
    const { position } = await client().appendToStream('filters', notes(1));
    const letters = ['a', 'b', 'c'];
    for (const letter of letters) await client().appendToStream(`filtered-${letter}`, notes(1, `type-${letter}`));
    const subscription = client().subscribeToAll({ fromPosition: position!, filter });
    const events = await collect(subscription, expected.length);
    expect(events.map(({ event }) => event!.streamId)).toEqual(expected.map((letter) => `filtered-${letter}`));
  });

  it('refuses an expression that cannot be tested in linear time', async () => {
    const subscription = client().subscribeToAll({ filter: streamNameFilter({ regex: '(a+)\\1' }) });
    await expect(collect(subscription)).rejects.toThrow('Back-references');
  });

  it('says how far it has looked, also where nothing matches', async () => {
    const { position } = await client().appendToStream('looked at', notes(1));
    const checkpoints: Position[] = [];
    const enough = Promise.withResolvers<void>();
    const filter = eventTypeFilter({
      prefixes: ['never'],
      maxSearchWindow: 10,
      checkpointInterval: 2,
      async checkpointReached(_, checkpoint) {
        if (checkpoints.push(checkpoint) === 6) enough.resolve();
      },
    });
    const subscription = client().subscribeToAll({ fromPosition: position!, filter }).on('data', enough.reject);
    await once(subscription, 'caughtUp');
    for (let n = 0; n < 10; n++) await client().appendToStream('looked at', notes(10));
    await enough.promise;
    await subscription.unsubscribe();
    const distances = checkpoints.map(({ commit }) => Number(commit - position!.commit));
    expect(distances).toEqual([0, 20, 40, 60, 80, 100]);
  });

  it('marks every so many events that match', async () => {
    const { position } = await client().appendToStream('marked', notes(1));
    await client().appendToStream('marked', notes(300));
    const order: string[] = [];
    const filter = excludeSystemEvents({
      checkpointInterval: 2,
      async checkpointReached() {
        order.push('checkpoint');
      },
    });
    const subscription = client().subscribeToAll({ fromPosition: position!, filter });
    const caughtUp = once(subscription, 'caughtUp');
    subscription.on('data', () => order.push('event'));
    await caughtUp;
    await subscription.unsubscribe();
    expect(order.filter((word) => word === 'event')).toHaveLength(300);
    // After each 64 of 300 events, and at the end of them.
    expect(order.filter((word) => word === 'checkpoint')).toHaveLength(4 + 1);
    expect(order.indexOf('checkpoint')).toBe(64);
  });
});

describe('a slow subscriber', () => {
  it('holds the store up, not the memory', async () => {
    const size = 10_000;
    await client().appendToStream('heavy', notes(100));
    const before = (
      await client().readAll({ direction: 'backwards', fromPosition: END, maxCount: 1 })[Symbol.asyncIterator]().next()
    ).value as ResolvedEvent;
    for (let n = 0; n < 40; n++) {
      const events = Array.from({ length: 100 }, () => jsonEvent({ type: 'heavy', data: { text: 'x'.repeat(size) } }));
      await client().appendToStream('heavy', events);
    }
    let read = 0;
    const { store } = served();
    async function* counted(options?: SubscribeOptions): AsyncGenerator<SubscriptionMessage> {
      for await (const message of store.subscribe(options)) {
        read++;
        yield message;
      }
    }
    const watched = new Proxy(store, {
      get: (target, name) => (name === 'subscribe' ? counted : target[name as 'read'].bind(target)),
    });
    const front = await EventStoreDbFront.open(watched);
    const slow = clientOf(front);
    const subscription = slow.subscribeToAll({ fromPosition: before.event!.position! });
    await once(subscription, 'readable');
    const settled = await levelOf(() => read);
    expect(settled).toBeLessThan(2_000);
    expect(await collect(subscription, 4_000)).toHaveLength(4_000);
    await slow.dispose();
    await front.close();
  });

  /** The number once it has stopped growing for a while. */
  async function levelOf(count: () => number): Promise<number> {
    for (let last = -1; last !== count(); await new Promise((resolve) => setTimeout(resolve, 200))) last = count();
    return count();
  }
});

describe('a front that closes', () => {
  let store: SqliteEventStore;
  beforeAll(async () => {
    store = await SqliteEventStore.open(':memory:');
  });
  afterAll(() => store.close());

  it('ends subscriptions so that clients connect anew, and another one takes over', async () => {
    const first = await EventStoreDbFront.open(store);
    const persistent = clientOf(first);
    const { position } = await persistent.appendToStream('outlived', notes(1));
    const subscriptions = [persistent.subscribeToAll(), persistent.subscribeToStream('outlived')];
    const failures = subscriptions.map(async (subscription) => {
      await once(subscription, 'caughtUp');
      return (await once(subscription, 'error'))[0] as unknown;
    });
    subscriptions.forEach((subscription) => subscription.resume());
    await Promise.all(subscriptions.map((subscription) => once(subscription, 'caughtUp')));
    await first.close();
    for (const failure of await Promise.all(failures)) expect(failure).toBeInstanceOf(UnavailableError);

    const second = await EventStoreDbFront.open(store, { port: first.port });
    await persistent.appendToStream('outlived', notes(1));
    const events = await collect(persistent.subscribeToAll({ fromPosition: position! }), 1);
    expect(events[0]!.event).toMatchObject({ streamId: 'outlived', revision: 1n });
    await persistent.dispose();
    await second.close();
  });

  it('answers the appends that it has accepted', async () => {
    const front = await EventStoreDbFront.open(store);
    const writer = clientOf(front);
    await writer.appendToStream('accepted', notes(1));
    const appends = Array.from({ length: 200 }, () => writer.appendToStream('accepted', notes(1)));
    const settling = Promise.allSettled(appends);
    await appends[0];
    await front.close();
    const settled = await settling;
    const answered = settled.filter(({ status }) => status === 'fulfilled').length;
    const { lastRevision } = await store.read('accepted', { limit: 1 });
    expect(lastRevision).toBeGreaterThanOrEqual(answered);
    for (const result of settled) {
      if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(UnavailableError);
    }
    await writer.dispose();
  });

  it('is found by gossip', async () => {
    const front = await EventStoreDbFront.open(store);
    const found = EventStoreDBClient.connectionString(
      `esdb+discover://localhost:${front.port}?tls=false&nodePreference=leader`,
    );
    await expect(found.appendToStream('found', notes(1))).resolves.toMatchObject({ success: true });
    await found.dispose();
    await front.close();
  });
});
