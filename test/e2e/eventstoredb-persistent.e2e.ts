import {
  END,
  eventTypeFilter,
  excludeSystemEvents,
  jsonEvent,
  persistentSubscriptionToAllSettingsFromDefaults as allSettings,
  persistentSubscriptionToStreamSettingsFromDefaults as streamSettings,
  PINNED,
  START,
  streamNameFilter,
} from '@eventstore/db-client';
import { describe, expect, it } from '@jest/globals';
import { eventually, groupsOf, notes } from '#test/support/persistent-consumption';
import { servedStore } from '#test/support/served-store';

const served = servedStore();
const client = () => served().client;
const { names, newGroup, consumer, consumerOfAll, infoOf } = groupsOf(client);
const upTo = (end: number) => Array.from({ length: end }, (_, index) => `${index}`);

describe('a group on a stream', () => {
  it('gives what is there and what comes, in order', async () => {
    const name = await newGroup();
    await client().appendToStream(name.stream, notes(20));
    const { seen, until } = await consumer(name);
    await until(20);
    await client().appendToStream(name.stream, notes(3));
    await until(23);
    expect(seen).toEqual(upTo(23));
  });

  it('begins with a revision, or with what comes after its creation', async () => {
    const { stream } = names();
    await client().appendToStream(stream, notes(4));
    const settings = [streamSettings({ startFrom: 2n }), streamSettings({ startFrom: END })];
    await client().createPersistentSubscriptionToStream(stream, 'from-2', settings[0]!);
    await client().createPersistentSubscriptionToStream(stream, 'from-end', settings[1]!);
    await client().appendToStream(stream, notes(1));
    const [from2, fromEnd] = [
      await consumer({ stream, group: 'from-2' }),
      await consumer({ stream, group: 'from-end' }),
    ];
    await client().appendToStream(stream, notes(1));
    await Promise.all([from2.until(4), fromEnd.until(2)]);
    expect(from2.seen).toEqual(['2', '3', '4', '5']);
    expect(fromEnd.seen).toEqual(['4', '5']);
  });

  it('passes over what is hidden, and goes on when a deleted stream is written anew', async () => {
    const name = await newGroup();
    await client().appendToStream(name.stream, notes(5));
    await client().setStreamMetadata(name.stream, { truncateBefore: 3 });
    const { seen, until } = await consumer(name);
    await until(2);
    await client().deleteStream(name.stream);
    await client().appendToStream(name.stream, notes(2));
    await until(4);
    expect(seen).toEqual(['3', '4', '5', '6']);
  });

  it('carries the positions and the content of events', async () => {
    const name = await newGroup();
    const appended = await client().appendToStream(
      name.stream,
      jsonEvent({ type: 'paid', data: { amount: 3 }, metadata: { by: 'card' } }),
    );
    const { events, until } = await consumer(name);
    await until(1);
    expect(events[0]!.event).toMatchObject({
      data: { amount: 3 },
      metadata: { by: 'card' },
      position: appended.position,
    });
    expect(events[0]).toMatchObject({ commitPosition: appended.position!.commit });
    expect(events[0]!.link).toBeUndefined();
  });

  it('resolves links if asked to, also those that lead nowhere any more', async () => {
    const name = await newGroup({ resolveLinkTos: true });
    const { stream } = names();
    await client().appendToStream(stream, notes(1));
    const links = [`0@${stream}`, `7@${stream}`].map((target) => ({
      id: globalThis.crypto.randomUUID(),
      type: '$>',
      data: Buffer.from(target),
      metadata: {},
    }));
    await served().store.append(name.stream, 'any', links);
    const { events, until } = await consumer(name);
    await until(2);
    expect(events.map(({ event, link }) => [event?.streamId, link?.id])).toEqual([
      [stream, links[0]!.id],
      [undefined, links[1]!.id],
    ]);
    await eventually(async () => expect((await infoOf(name)).stats.totalInFlightMessages).toBe(0));
  });

  it('gives each event to one of its consumers, within their buffers', async () => {
    const name = await newGroup();
    const stuck = await consumer(name, { bufferSize: 3, answer: () => 'keep' });
    const busy = await consumer(name);
    await client().appendToStream(name.stream, notes(50));
    await Promise.all([stuck.until(3), busy.until(47)]);
    expect(stuck.seen).toHaveLength(3);
    expect([...stuck.seen, ...busy.seen].toSorted()).toEqual(upTo(50).toSorted());
    await stuck.leave();
    await busy.until(50);
    expect(busy.seen.slice(-3)).toEqual(stuck.seen.map((revision) => `${revision}~1`));
  });

  it('keeps the order of a source stream with the strategy Pinned', async () => {
    const group = names().group;
    const filter = streamNameFilter({ prefixes: [`main.${group}_`] });
    const settings = allSettings({ startFrom: START, consumerStrategyName: PINNED });
    await client().createPersistentSubscriptionToAll(group, settings, { filter });
    const two = [await consumerOfAll(group), await consumerOfAll(group)];
    for (let round = 0; round < 5; round++) {
      for (let id = 0; id < 12; id++) await client().appendToStream(`main.${group}_${id}`, notes(1));
    }
    await eventually(async () => expect(two[0]!.seen.length + two[1]!.seen.length).toBe(60));
    const streams = two.map(({ events }) => new Set(events.map(({ event }) => event!.streamId)));
    expect(streams[0]!.size + streams[1]!.size).toBe(12);
    expect(streams.every(({ size }) => size > 0)).toBe(true);
    for (const { events } of two) {
      for (const stream of new Set(events.map(({ event }) => event!.streamId))) {
        const revisions = events.filter(({ event }) => event!.streamId === stream).map(({ event }) => event!.revision);
        expect(revisions).toEqual([0n, 1n, 2n, 3n, 4n]);
      }
    }
  });
});

describe('a group on all events', () => {
  it('begins with a position, inclusive', async () => {
    const { stream, group } = names();
    const { position } = await client().appendToStream(stream, notes(1));
    await client().appendToStream(stream, notes(4));
    const filter = streamNameFilter({ prefixes: [stream] });
    await client().createPersistentSubscriptionToAll(group, allSettings({ startFrom: position! }), { filter });
    const { seen, until } = await consumerOfAll(group);
    await until(5);
    expect(seen).toEqual(upTo(5));
  });

  it.each([
    ['a prefix of the stream', () => streamNameFilter({ prefixes: ['wanted-'] })],
    ['a regular expression on the stream', () => streamNameFilter({ regex: '^want' })],
    ['a prefix of the type', () => eventTypeFilter({ prefixes: ['want'] })],
    ['a regular expression on the type', () => eventTypeFilter({ regex: '^w[a-n]+ted$' })],
    ['no system events', () => excludeSystemEvents()],
  ])('filters by %s, and its checkpoint passes what is left out', async (_, filter) => {
    const group = names().group;
    const settings = allSettings({ startFrom: END, checkPointUpperBound: 1, checkPointAfter: 0 });
    await client().createPersistentSubscriptionToAll(group, settings, { filter: filter() });
    const { events, until } = await consumerOfAll(group);
    await client().appendToStream('wanted-1', notes(2, 'wanted'));
    await client().setStreamMetadata('other-1', { maxCount: 10 });
    await client().appendToStream('wanted-2', notes(1, 'wanted'));
    await until(3);
    expect(events.map(({ event }) => event!.type)).toEqual(['wanted', 'wanted', 'wanted']);
    await client().setStreamMetadata('other-1', { maxCount: 11 });
    const head = BigInt(await served().store.head());
    await eventually(async () => {
      const { stats } = await client().getPersistentSubscriptionToAllInfo(group);
      expect(stats.lastCheckpointedEventPosition?.commit).toBeGreaterThanOrEqual(head);
    });
  });

  it('sees system events, but not what groups on all events write down', async () => {
    const group = names().group;
    await client().createPersistentSubscriptionToAll(
      group,
      allSettings({ checkPointUpperBound: 1, checkPointAfter: 0 }),
    );
    const { events, until } = await consumerOfAll(group);
    await until(1);
    expect(events[0]!.event!.streamId).toBe('$persistentSubscriptionConfig');
    await client().appendToStream(names().stream, notes(20));
    await until(21);
    await eventually(async () => {
      const { stats } = await client().getPersistentSubscriptionToAllInfo(group);
      expect(stats.lastCheckpointedEventPosition).toEqual(stats.lastKnownEventPosition);
    });
    expect(events).toHaveLength(21);
  });
});
