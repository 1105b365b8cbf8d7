import { describe, expect, it } from '@jest/globals';
import { connected, groupSettings, numbers, servedGroups, settle } from '#test/support/served-groups';
import { bookkeepingStream } from './persistent-checkpoint.js';
import { GroupExists, SubscriptionDropped } from './persistent-errors.js';

const name = { source: 'main.order-1', group: 'billing' };
const parkedStream = bookkeepingStream(name, 'parked');
const checkpointStream = bookkeepingStream(name, 'checkpoint');

const served = servedGroups();

describe('a group whose process was killed', () => {
  it('goes on from its checkpoint, with what was not handled', async () => {
    const first = served().serve();
    await first.create(name, { ...groupSettings, maxCheckpointCount: 1 }, undefined, 'ann');
    await served().append(30, name.source);
    const group = await first.working(name);
    const consumer = await connected(group, 'a', 30);
    expect(consumer.revisions).toEqual(numbers(0, 30));
    const acknowledged = consumer.messages.filter((_, index) => index !== 12).map(({ id }) => id);
    group.acknowledge(acknowledged);
    await settle();

    const again = await connected(await served().serve().working(name), 'b', 30);
    expect(again.revisions).toEqual(numbers(12, 30));
  });

  it('that began with the end has not lost what came before its first checkpoint', async () => {
    await served().append(5, name.source);
    await served()
      .serve()
      .create(name, { ...groupSettings, startFrom: '-1' }, undefined, 'ann');
    await served().append(2, name.source);
    const consumer = await connected(await served().serve().working(name), 'a');
    expect(consumer.revisions).toEqual([5, 6]);
  });

  it('still has its parked events, and those whose replay was not handled', async () => {
    const first = served().serve();
    await first.create(name, groupSettings, undefined, 'ann');
    await served().append(4, name.source);
    const group = await first.working(name);
    const consumer = await connected(group, 'a');
    group.reject('a', consumer.ids, 'park', 'no');
    await settle();
    await group.replayParked();
    await settle();
    group.acknowledge(consumer.messages.slice(4, 6).map(({ id }) => id));
    await group.tick();
    expect((await group.status()).parked).toBe(2);

    const after = await served().serve().working(name);
    const again = await connected(after, 'b');
    await after.replayParked();
    await settle();
    expect(
      again.messages.filter(({ origin }) => origin === 'parked').map(({ resolved }) => resolved.event!.revision),
    ).toEqual([2, 3]);
  });

  it('keeps its groupSettings, and another one of its name stays forbidden', async () => {
    await served().serve().create(name, groupSettings, undefined, 'ann');
    const [kept] = await served().serve().list(name.source);
    expect(kept!.entry).toEqual({ ...name, settings: groupSettings });
    await expect(served().serve().create(name, groupSettings, undefined, 'ann')).rejects.toThrow(GroupExists);
  });

  it('does not forbid others that were created at the same time', async () => {
    const [one, two] = [served().serve(), served().serve()];
    await Promise.all([one.list(), two.list()]);
    await one.create(name, groupSettings, undefined, 'ann');
    await two.create({ ...name, group: 'shipping' }, groupSettings, undefined, 'ann');
    expect((await served().serve().list()).map(({ entry }) => entry.group)).toEqual(['billing', 'shipping']);
    await expect(two.create(name, groupSettings, undefined, 'ann')).rejects.toThrow(GroupExists);
  });
});

describe('a group whose store fails', () => {
  it('does not let a checkpoint pass what could not be parked, and parks it later', async () => {
    const service = served().serve();
    await service.create(name, { ...groupSettings, maxCheckpointCount: 1 }, undefined, 'ann');
    await served().append(3, name.source);
    const group = await service.working(name);
    const consumer = await connected(group, 'a');
    const [e0, e1, e2] = consumer.ids;
    served().broken.add(parkedStream);
    group.acknowledge([e0!, e2!]);
    group.reject('a', [e1!], 'park', 'no');
    await settle();
    expect(await group.status()).toMatchObject({ parked: 0, outstanding: 1, lastCheckpoint: '0' });
    served().broken.delete(parkedStream);
    await group.tick();
    await settle();
    expect(await group.status()).toMatchObject({ parked: 1, outstanding: 0, lastCheckpoint: '2' });
  });

  it('writes its checkpoint later', async () => {
    const service = served().serve();
    await service.create(name, { ...groupSettings, maxCheckpointCount: 1 }, undefined, 'ann');
    await served().append(2, name.source);
    const group = await service.working(name);
    const consumer = await connected(group, 'a');
    served().broken.add(checkpointStream);
    group.acknowledge(consumer.ids);
    await settle();
    expect(await served().visible(checkpointStream)).toEqual([]);
    served().broken.delete(checkpointStream);
    await group.tick();
    await settle();
    expect((await group.status()).lastCheckpoint).toBe('1');
  });
});

describe('what a group keeps', () => {
  it('is little: of its checkpoints the last two, of its parked events those that are not handled', async () => {
    const service = served().serve();
    await service.create(name, { ...groupSettings, maxCheckpointCount: 1 }, undefined, 'ann');
    await served().append(6, name.source);
    const group = await service.working(name);
    const consumer = await connected(group, 'a');
    for (const { id } of [...consumer.messages]) {
      group.acknowledge([id]);
      await settle();
    }
    expect((await served().visible(checkpointStream)).map(({ data }) => data as unknown)).toEqual(['4', '5']);
  });

  it('is gone when it is deleted, and does not come back with another one of its name', async () => {
    const service = served().serve();
    await service.create(name, { ...groupSettings, maxCheckpointCount: 1 }, undefined, 'ann');
    await served().append(2, name.source);
    const group = await service.working(name);
    const consumer = await connected(group, 'a');
    group.acknowledge([consumer.messages[0]!.id]);
    group.reject('a', [consumer.messages[1]!.id], 'park', 'no');
    await settle();
    await service.delete(name, 'ann');
    expect(consumer.dropped).toBeInstanceOf(SubscriptionDropped);
    expect([await served().visible(checkpointStream), await served().visible(parkedStream)]).toEqual([[], []]);

    await service.create(name, groupSettings, undefined, 'ann');
    const anew = await service.working(name);
    expect((await connected(anew, 'b')).revisions).toEqual([0, 1]);
    expect((await anew.status()).parked).toBe(0);
  });

  it('is not written while nothing happens', async () => {
    const all = { source: '$all', group: 'audit' };
    const service = served().serve();
    await service.create(
      all,
      { ...groupSettings, startFrom: 'C:0/P:0', minCheckpointCount: 0, checkpointAfterMs: 0 },
      undefined,
      'ann',
    );
    await served().append(1, name.source);
    const group = await service.working(all);
    const consumer = await connected(group, 'a');
    group.acknowledge(consumer.ids);
    await settle();
    const head = await served().store.head();
    for (let second = 0; second < 5; second++) {
      served().clock.advance(1);
      await group.tick();
      await settle();
    }
    expect(await served().store.head()).toBe(head);
  });
});

describe('a replay', () => {
  it.each([undefined, 0])('of nothing (stop at %s) ends at once', async (stopAt) => {
    const service = served().serve();
    await service.create(name, groupSettings, undefined, 'ann');
    const group = await service.working(name);
    await connected(group, 'a');
    await group.replayParked(stopAt);
    await settle();
    expect((await group.status()).replaying).toBe(false);
  });

  it('ends when the last event is handled', async () => {
    const service = served().serve();
    await service.create(name, groupSettings, undefined, 'ann');
    await served().append(1, name.source);
    const group = await service.working(name);
    const consumer = await connected(group, 'a');
    group.reject('a', consumer.ids, 'park', 'no');
    await settle();
    await group.replayParked();
    await settle();
    expect(await group.status()).toMatchObject({ replaying: true, parked: 1 });
    group.acknowledge(consumer.ids);
    await group.tick();
    expect(await group.status()).toMatchObject({ replaying: false, parked: 0 });
  });
});

describe('a group that reads a long stream', () => {
  it('reads ahead no further than its buffer', async () => {
    const service = served().serve();
    await service.create(name, groupSettings, undefined, 'ann');
    await served().append(200, name.source);
    const group = await service.working(name);
    const consumer = await connected(group, 'a', 5);
    expect(consumer.messages).toHaveLength(5);
    const { ready } = await group.status();
    expect(ready).toBeGreaterThan(groupSettings.historyBufferSize - groupSettings.readBatchSize);
    expect(ready).toBeLessThanOrEqual(groupSettings.historyBufferSize);
    for (let handled = 0; handled < 200; handled = consumer.messages.length) {
      group.acknowledge(consumer.ids);
      await settle();
    }
    expect(consumer.revisions).toEqual(numbers(0, 200));
  });

  it('ends quietly where the stream is deleted for ever', async () => {
    const service = served().serve();
    await service.create(name, groupSettings, undefined, 'ann');
    await served().append(3, name.source);
    await served().store.delete(name.source, 'any', 'tombstone');
    const consumer = await connected(await service.working(name), 'a');
    expect([consumer.messages, consumer.dropped]).toEqual([[], undefined]);
  });
});

describe('a group that is changed', () => {
  it('takes no retry for what its consumers had', async () => {
    const service = served().serve();
    const strict = { ...groupSettings, maxRetryCount: 0 };
    await service.create(name, strict, undefined, 'ann');
    await served().append(3, name.source);
    const consumer = await connected(await service.working(name), 'a');
    await service.update(name, strict, 'ann');
    expect(consumer.dropped).toBeInstanceOf(SubscriptionDropped);
    const group = await service.working(name);
    expect((await connected(group, 'b')).messages.map(({ retryCount }) => retryCount)).toEqual([0, 0, 0]);
    expect((await group.status()).parked).toBe(0);
  });

  it('begins elsewhere only where it has no checkpoint yet', async () => {
    const service = served().serve();
    await service.create(name, groupSettings, undefined, 'ann');
    await served().append(8, name.source);
    await service.update(name, { ...groupSettings, startFrom: '4', maxCheckpointCount: 1 }, 'ann');
    const group = await service.working(name);
    const consumer = await connected(group, 'a', 2);
    expect(consumer.revisions).toEqual([4, 5]);
    group.acknowledge(consumer.ids);
    await settle();
    await service.update(name, groupSettings, 'ann');
    expect((await connected(await service.working(name), 'b')).revisions).toEqual([6, 7]);
  });
});
