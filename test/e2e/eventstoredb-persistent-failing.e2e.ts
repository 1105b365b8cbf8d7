import { PersistentSubscriptionDroppedError } from '@eventstore/db-client';
import { describe, expect, it } from '@jest/globals';
import { ManualClock } from '#test/support/manual-clock';
import { eventually, groupsOf, notes } from '#test/support/persistent-consumption';
import { servedStore } from '#test/support/served-store';

const clock = new ManualClock();
const served = servedStore({ clock });
const client = () => served().client;
const { newGroup, consumer, infoOf } = groupsOf(client);
const upTo = (end: number) => Array.from({ length: end }, (_, index) => `${index}`);

describe('an event that a consumer cannot handle', () => {
  it('comes again, in time after those before it', async () => {
    const name = await newGroup();
    await client().appendToStream(name.stream, notes(3));
    const rejected = new Set<string>();
    const once = (id: string): 'retry' | 'ack' => {
      if (rejected.has(id)) return 'ack';
      rejected.add(id);
      return 'retry';
    };
    const { seen, until } = await consumer(name, { answer: ({ event }) => once(event!.id) });
    await until(6);
    expect(seen.toSorted()).toEqual(['0', '0~1', '1', '1~1', '2', '2~1']);
  });

  it('is parked after so many times, and does not hold up the others', async () => {
    const name = await newGroup({ maxRetryCount: 3 });
    await client().appendToStream(name.stream, notes(5));
    const { seen, until } = await consumer(name, { answer: ({ event }) => (event!.revision === 1n ? 'retry' : 'ack') });
    await until(8);
    expect(seen.filter((one) => one.startsWith('1'))).toEqual(['1', '1~1', '1~2', '1~3']);
    await eventually(async () => expect((await infoOf(name)).stats.parkedMessageCount).toBe(1n));
  });

  it('comes again where no answer comes in time', async () => {
    const name = await newGroup({ messageTimeout: 5_000 });
    await client().appendToStream(name.stream, notes(1));
    const { seen, until } = await consumer(name, { answer: ({ retryCount }) => (retryCount ? 'ack' : 'keep') });
    await until(1);
    clock.advance(5);
    await until(2);
    expect(seen).toEqual(['0', '0~1']);
  });

  it('can be skipped', async () => {
    const name = await newGroup({ checkPointUpperBound: 1 });
    await client().appendToStream(name.stream, notes(3));
    const { seen, until } = await consumer(name, { answer: () => 'skip' });
    await until(3);
    expect(seen).toEqual(['0', '1', '2']);
    await eventually(async () =>
      expect((await infoOf(name)).stats).toMatchObject({ lastCheckpointedEventRevision: 2n, parkedMessageCount: 0n }),
    );
  });

  it('can stop its consumer, and goes to the next one', async () => {
    const name = await newGroup();
    await client().appendToStream(name.stream, notes(1));
    const { ended } = await consumer(name, { answer: () => 'stop' });
    expect(await ended).toBeInstanceOf(PersistentSubscriptionDroppedError);
    const { seen, until } = await consumer(name);
    await until(1);
    expect(seen).toEqual(['0~1']);
  });

  it('is put into a stream of links, with the reason', async () => {
    const name = await newGroup();
    await client().appendToStream(name.stream, notes(2));
    const { until } = await consumer(name, { answer: () => 'park' });
    await until(2);
    await eventually(async () => expect((await infoOf(name)).stats.parkedMessageCount).toBe(2n));
    const parked = `$persistentsubscription-${name.stream}::${name.group}-parked`;
    const links = await Array.fromAsync(client().readStream(parked));
    expect(links.map(({ event }) => [event!.type, Buffer.from(event!.data as Uint8Array).toString()])).toEqual([
      ['$>', `0@${name.stream}`],
      ['$>', `1@${name.stream}`],
    ]);
    expect(links[0]!.event!.metadata).toMatchObject({ reason: expect.stringContaining('because') });
  });
});

describe('parked events', () => {
  /** Parks everything, then acknowledges what is replayed. */
  async function parkedGroup(events: number) {
    const name = await newGroup();
    await client().appendToStream(name.stream, notes(events));
    let replaying = false;
    const consumption = await consumer(name, { answer: () => (replaying ? 'ack' : 'park') });
    await consumption.until(events);
    await eventually(async () => expect((await infoOf(name)).stats.parkedMessageCount).toBe(BigInt(events)));
    replaying = true;
    return { name, ...consumption };
  }

  it('come again when they are replayed', async () => {
    const { name, until, events } = await parkedGroup(20);
    await client().replayParkedMessagesToStream(name.stream, name.group);
    await until(40);
    expect(events.slice(20).map(({ event }) => event!.revision)).toEqual(upTo(20).map(BigInt));
    await eventually(async () => expect((await infoOf(name)).stats.parkedMessageCount).toBe(0n));
    expect((await infoOf(name)).status).toBe('Live');
  });

  it('come again up to a revision of the stream they are parked in', async () => {
    const { name, until, events } = await parkedGroup(6);
    await client().replayParkedMessagesToStream(name.stream, name.group, { stopAt: 4 });
    await until(10);
    await eventually(async () => expect((await infoOf(name)).stats.parkedMessageCount).toBe(2n));
    await client().replayParkedMessagesToStream(name.stream, name.group);
    await until(12);
    expect(events.slice(6).map(({ event }) => event!.revision)).toEqual([0n, 1n, 2n, 3n, 4n, 5n]);
  });

  it('come again while others are consumed', async () => {
    const { name, until, events } = await parkedGroup(15);
    await Promise.all([
      client().replayParkedMessagesToStream(name.stream, name.group),
      client().appendToStream(name.stream, notes(15)),
    ]);
    await until(45);
    const revisions = events.slice(15).map(({ event }) => event!.revision);
    expect(new Set(revisions)).toEqual(new Set(upTo(30).map(BigInt)));
  });

  it('can be parked once more, and are not replayed in the same turn', async () => {
    const name = await newGroup();
    await client().appendToStream(name.stream, notes(3));
    const { until, seen } = await consumer(name, { answer: () => 'park' });
    await until(3);
    await eventually(async () => expect((await infoOf(name)).stats.parkedMessageCount).toBe(3n));
    await client().replayParkedMessagesToStream(name.stream, name.group);
    await until(6);
    await eventually(async () => {
      const { stats, status } = await infoOf(name);
      expect([stats.parkedMessageCount, status]).toEqual([3n, 'Live']);
    });
    expect(seen).toHaveLength(6);
  });
});
