import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Recorded } from '#kernel/event';
import { systemIds } from '#kernel/ids';
import { EventStoreDbServer } from '#test/support/eventstoredb-server';
import { JsonText } from './event-content.js';
import type { EventStore, NewEvent, SubscriptionMessage } from './event-store.port.js';
import { EventStoreDbEventStore } from './eventstoredb-event-store.adapter.js';

const STREAM = 'main.task-a';

const event = (n = 0): NewEvent => ({ id: systemIds.next(), type: 'task.changed', data: { n }, metadata: {} });
const numbers = (events: readonly Recorded[]) => events.map(({ data }) => (data as { n: number }).n);

describe('two processes on one EventStoreDB', () => {
  let server: EventStoreDbServer;
  let one: EventStoreDbEventStore;
  let other: EventStoreDbEventStore;

  beforeEach(async () => {
    server = await EventStoreDbServer.start();
    [one, other] = await Promise.all([
      EventStoreDbEventStore.open(server.url),
      EventStoreDbEventStore.open(server.url),
    ]);
  });
  afterEach(async () => {
    await Promise.all([one.close(), other.close()]);
    await server.end();
  });

  /** Resolves when the store has seen all that was stored before. */
  async function seen(store: EventStore): Promise<void> {
    const { position } = await other.append('main.mark-a', 'any', [event()]);
    for await (const message of store.subscribe({ position: String(BigInt(position) - 1n) })) {
      if (message.kind === 'event' && message.event.position === position) return;
    }
  }

  describe('find', () => {
    it('finds what the other one appended, wherever it stands in its stream', async () => {
      const given = [event(1), event(2)];
      await one.append(STREAM, 'none', [event(0)]);
      await one.append(STREAM, 'any', given, { findable: true });
      expect(await other.find(given[0]!.id)).toMatchObject({ stream: STREAM, revision: 1, data: { n: 1 } });
      expect(await other.find(event().id)).toBeUndefined();
    });

    it('finds nothing of an append that was refused, and finds it where it was repeated further on', async () => {
      const given = event(9);
      await one.append(STREAM, 'none', [event(0), event(1)]);
      await expect(one.append(STREAM, 0, [given], { findable: true })).rejects.toMatchObject({ actual: 1 });
      expect(await other.find(given.id)).toBeUndefined();
      await one.append(STREAM, 1, [given], { findable: true });
      expect(await other.find(given.id)).toMatchObject({ revision: 2 });
    });

    it('finds nothing under a tombstone', async () => {
      const given = event();
      await one.append(STREAM, 'none', [given], { findable: true });
      await one.delete(STREAM, 'any', 'tombstone');
      expect(await other.find(given.id)).toBeUndefined();
    });
  });

  it('carry out once what both are asked for, even where one decides on what the other has done', async () => {
    const given = event(1);
    await one.append(STREAM, 'none', [event(0)]);
    const first = await one.append(STREAM, 0, [given], { findable: true });
    expect(await other.append(STREAM, 1, [given], { findable: true })).toEqual(first);
    expect(numbers((await other.read(STREAM)).events)).toEqual([0, 1]);
  });

  it('take appends to a stream in the order of the calls, findable or not', async () => {
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, n) =>
        one.append(STREAM, n === 0 ? 'none' : n - 1, [event(n)], { findable: n % 3 === 0 }),
      ),
    );
    expect(answers.map(({ revision }) => revision)).toEqual([...answers.keys()]);
  });

  it('show nothing of what the adapter keeps for itself', async () => {
    await one.append(STREAM, 'none', [event(7)], { findable: true });
    const { events } = await other.readAll({ system: true, hidden: true });
    expect(events.filter(({ stream }) => stream !== '$settings')).toMatchObject([{ stream: STREAM }]);
  });

  it('hide what the other one hides', async () => {
    await one.append('main.task-a', 'none', [event(0)]);
    await one.append('main.task-b', 'none', [event(1)]);
    await one.append('main.task-c', 'none', [event(2), event(3)]);
    await one.append('main.task-d', 'none', [event(4)]);
    await other.delete('main.task-a', 'any', 'soft');
    await other.delete('main.task-b', 'any', 'tombstone');
    await other.setMetadata('main.task-c', { maxCount: 1 });
    await other.delete('main.task-d', 'any', 'soft');
    await other.append('main.task-d', 'none', [event(5)]);
    await seen(one);
    const filter = { streamPrefixes: ['main.task-'] };
    expect(numbers((await one.readAll({ filter })).events)).toEqual([3, 5]);
    const third = await EventStoreDbEventStore.open(server.url);
    expect(numbers((await third.readAll({ filter })).events)).toEqual([3, 5]);
    await third.close();
  });

  it('give a subscriber that fell far behind everything', async () => {
    const messages = one.subscribe()[Symbol.asyncIterator]();
    const next = async (): Promise<SubscriptionMessage> => (await messages.next()).value as SubscriptionMessage;
    while ((await next()).kind !== 'caught-up');
    // More than the live tail keeps in memory.
    for (let n = 0; n < 60; n++) {
      const hundred = Array.from({ length: 100 }, (_, i) => event(n * 100 + i));
      await other.append(STREAM, 'any', hundred);
    }
    await seen(other);
    const all: Recorded[] = [];
    for (let message = await next(); message.kind !== 'caught-up'; message = await next()) {
      if (message.kind === 'event' && message.event.stream === STREAM) all.push(message.event);
      if (all.length === 6_000) break;
    }
    expect(numbers(all)).toEqual([...all.keys()]);
    expect(all).toHaveLength(6_000);
    await messages.return!();
  }, 30_000);

  it('leave hidden what one of them deleted, whatever the other one says of the stream', async () => {
    const elsewhere = await EventStoreDbServer.start({ behind: deletingAsEventStoreDb });
    const [deleting, describing] = await Promise.all([
      EventStoreDbEventStore.open(elsewhere.url),
      EventStoreDbEventStore.open(elsewhere.url),
    ]);
    await deleting.append(STREAM, 'none', [event(0), event(1), event(2)]);
    await deleting.delete(STREAM, 2, 'soft');
    await deleting.append(STREAM, 'none', [event(3)]);
    await describing.setMetadata(STREAM, { truncateBefore: 1 });
    expect(await describing.metadata(STREAM)).toEqual({ truncateBefore: 3 });
    await describing.setMetadata(STREAM, { maxCount: 5 });
    expect(await deleting.metadata(STREAM)).toEqual({ maxCount: 5, truncateBefore: 3 });
    await Promise.all([deleting.close(), describing.close()]);
    await elsewhere.end();
  });

  it('hide nothing for a deletion that was foretold and did not come', async () => {
    await one.append(STREAM, 'none', [event(0), event(1)]);
    const foretold = { ...event(), type: '$metadata', data: { perdureDeletedBefore: 1 } };
    await one.append(`$$${STREAM}`, 'none', [foretold]);
    await other.setMetadata(STREAM, { truncateBefore: 2 });
    await other.setMetadata(STREAM, {});
    expect(numbers((await one.read(STREAM)).events)).toEqual([0, 1]);
    expect(await one.metadata(STREAM)).toEqual({});
  });

  it('refuse appends beyond the limit of those that wait', async () => {
    const narrow = await EventStoreDbEventStore.open(server.url, { maxQueuedWrites: 3 });
    const appends = Array.from({ length: 5 }, (_, n) => narrow.append(`main.task-${n}`, 'none', [event()]));
    const settled = await Promise.allSettled(appends);
    expect(settled.map(({ status }) => status === 'fulfilled')).toEqual([true, true, true, false, false]);
    expect(settled[4]).toMatchObject({ reason: { code: 'store-unavailable' } });
    await narrow.close();
  });
});

/** EventStoreDB deletes with nothing but `$tb`; our own store says more. */
function deletingAsEventStoreDb(store: EventStore): EventStore {
  return new Proxy(store, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      if (name !== 'delete') return value.bind(target) as unknown;
      return async (stream: string) => {
        const { events } = await target.read(`$$${stream}`, { direction: 'backwards', limit: 1 });
        const current = JSON.stringify({ ...events[0]?.data, $tb: 0 });
        const data = new JsonText(current.replace('"$tb":0', '"$tb":9223372036854775807'));
        await target.append(`$$${stream}`, 'any', [{ ...event(), type: '$metadata', data }]);
      };
    },
  });
}
