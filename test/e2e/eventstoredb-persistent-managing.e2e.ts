import {
  AccessDeniedError,
  END,
  PersistentSubscriptionDoesNotExistError,
  PersistentSubscriptionDroppedError,
  PersistentSubscriptionExistsError,
  PersistentSubscriptionMaximumSubscribersReachedError,
  persistentSubscriptionToAllSettingsFromDefaults as allSettings,
  persistentSubscriptionToStreamSettingsFromDefaults as streamSettings,
  PINNED,
  START,
  streamNameFilter,
} from '@eventstore/db-client';
import { describe, expect, it } from '@jest/globals';
import { FrontAccess } from '#platform/eventstoredb-front/access';
import { consume, eventually, groupsOf, notes } from '#test/support/persistent-consumption';
import { clientOf, servedStore } from '#test/support/served-store';

const served = servedStore();
const client = () => served().client;
const { keep, names, newGroup, consumer, consumerOfAll, infoOf } = groupsOf(client);

describe('managing groups', () => {
  it('tells the settings and what goes on', async () => {
    const settings = streamSettings({
      startFrom: 1n,
      extraStatistics: true,
      maxRetryCount: 4,
      maxSubscriberCount: 7,
      checkPointLowerBound: 3,
      checkPointUpperBound: 9,
      checkPointAfter: 1_234,
      messageTimeout: 4_321,
      liveBufferSize: 77,
      historyBufferSize: 66,
      readBatchSize: 11,
      consumerStrategyName: PINNED,
    });
    const name = names();
    await client().createPersistentSubscriptionToStream(name.stream, name.group, settings);
    const empty = await infoOf(name);
    expect(empty).toMatchObject({ eventSource: name.stream, groupName: name.group, settings, connections: [] });
    expect(empty.stats.lastKnownEventRevision).toBeUndefined();
    expect(empty.stats.lastCheckpointedEventRevision).toBeUndefined();

    await client().appendToStream(name.stream, notes(21));
    const named = clientOf(served().front, '&connectionName=till').subscribeToPersistentSubscriptionToStream(
      name.stream,
      name.group,
      { bufferSize: 12 },
    );
    const consumption = keep(await consume(named, { answer: ({ event }) => (event!.revision < 11n ? 'ack' : 'keep') }));
    await consumption.until(20);
    await eventually(async () => expect((await infoOf(name)).stats.lastCheckpointedEventRevision).toBe(9n));
    const { stats, connections, status } = await infoOf(name);
    expect(status).toBe('Live');
    expect(stats).toMatchObject({ lastKnownEventRevision: 20n, totalItems: 20n, totalInFlightMessages: 10 });
    expect(connections).toEqual([
      expect.objectContaining({
        username: 'admin',
        connectionName: 'till',
        from: expect.stringContaining('127.0.0.1'),
        totalItems: 20n,
        inFlightMessages: 10,
        availableSlots: 2,
        extraStatistics: expect.any(Map),
      }),
    ]);
    expect(connections[0]!.extraStatistics!.get('quintile 3')).toBeDefined();
  });

  it('creates each group once, and drops the consumers of one that is deleted', async () => {
    const name = await newGroup();
    const again = client().createPersistentSubscriptionToStream(name.stream, name.group, streamSettings());
    await expect(again).rejects.toThrow(PersistentSubscriptionExistsError);
    await client().appendToStream(name.stream, notes(2));
    const { until, ended } = await consumer(name, { answer: () => 'park' });
    await until(2);
    await client().deletePersistentSubscriptionToStream(name.stream, name.group);
    expect(await ended).toBeInstanceOf(PersistentSubscriptionDroppedError);
    await expect(consumer(name)).rejects.toThrow(PersistentSubscriptionDoesNotExistError);

    await client().createPersistentSubscriptionToStream(name.stream, name.group, streamSettings({ startFrom: START }));
    expect((await infoOf(name)).stats.parkedMessageCount).toBe(0n);
    const anew = await consumer(name);
    await anew.until(2);
    expect(anew.seen).toEqual(['0', '1']);
  });

  it('drops the consumers of a group that is changed, and goes on with what is not handled', async () => {
    const name = await newGroup();
    await client().appendToStream(name.stream, notes(10));
    const before = await consumer(name, { answer: ({ event }) => (event!.revision < 6n ? 'ack' : 'keep') });
    await before.until(10);
    await eventually(async () => expect((await infoOf(name)).stats.totalInFlightMessages).toBe(4));
    const settings = streamSettings({ startFrom: START, consumerStrategyName: PINNED, maxSubscriberCount: 1 });
    await client().updatePersistentSubscriptionToStream(name.stream, name.group, settings);
    expect(await before.ended).toBeInstanceOf(PersistentSubscriptionDroppedError);
    expect((await infoOf(name)).settings).toEqual(settings);
    const { seen, until } = await consumer(name);
    await until(4);
    expect(seen).toEqual(['6', '7', '8', '9']);
    await expect(consumer(name)).rejects.toThrow(PersistentSubscriptionMaximumSubscribersReachedError);
  });

  it('keeps the filter of a group on all events that is changed', async () => {
    const { stream, group } = names();
    const filter = streamNameFilter({ prefixes: [stream] });
    await client().createPersistentSubscriptionToAll(group, allSettings({ startFrom: START }), { filter });
    await client().updatePersistentSubscriptionToAll(group, allSettings({ startFrom: START, maxRetryCount: 1 }));
    await client().appendToStream(stream, notes(2));
    const { seen, until } = await consumerOfAll(group);
    await until(2);
    expect(seen).toEqual(['0', '1']);
  });

  it('lists the groups of a stream, of all events, and all of them', async () => {
    const name = await newGroup();
    await client().createPersistentSubscriptionToStream(name.stream, 'another', streamSettings());
    await client().createPersistentSubscriptionToAll(name.group, allSettings());
    const ofStream = await client().listPersistentSubscriptionsToStream(name.stream);
    expect(ofStream.map(({ groupName }) => groupName)).toEqual([name.group, 'another']);
    const ofAll = await client().listPersistentSubscriptionsToAll();
    expect(ofAll.map(({ groupName, settings }) => [groupName, settings.startFrom])).toContainEqual([name.group, END]);
    const everything = await client().listAllPersistentSubscriptions();
    expect(everything.length).toBeGreaterThanOrEqual(3);
    const nothing = client().listPersistentSubscriptionsToStream('nothing-1');
    await expect(nothing).rejects.toThrow('5 NOT_FOUND: Subscription group  on stream nothing-1 does not exist.');
  });

  it('says what is missing', async () => {
    const { stream, group } = names();
    const missing = [
      infoOf({ stream, group }),
      client().getPersistentSubscriptionToAllInfo(group),
      client().deletePersistentSubscriptionToStream(stream, group),
      client().updatePersistentSubscriptionToStream(stream, group, streamSettings()),
      client().replayParkedMessagesToStream(stream, group),
      consumer({ stream, group }),
    ];
    const answers = await Promise.allSettled(missing);
    for (const [index, { status, ...answer }] of answers.entries()) {
      const error = { streamName: index === 1 ? '$all' : stream, groupName: group };
      expect([status, answer]).toMatchObject(['rejected', { reason: error }]);
      expect((answer as PromiseRejectedResult).reason).toBeInstanceOf(PersistentSubscriptionDoesNotExistError);
    }
  });

  it('refuses settings that cannot work', async () => {
    const { stream, group } = names();
    const settings = streamSettings({ readBatchSize: 0, historyBufferSize: 0 });
    await expect(client().createPersistentSubscriptionToStream(stream, group, settings)).rejects.toThrow(
      /readBatchSize.*from 1/,
    );
  });

  it('begins anew at a restart', async () => {
    const name = await newGroup();
    const { ended } = await consumer(name);
    await client().restartPersistentSubscriptionSubsystem();
    expect(await ended).toBeInstanceOf(PersistentSubscriptionDroppedError);
    await client().appendToStream(name.stream, notes(1));
    await (await consumer(name)).until(1);
  });

  it('takes names that are not ASCII', async () => {
    const name = { stream: '어학연구소/0️⃣', group: 'ヽ༼ຈل͜ຈ༽ﾉ / ภาษา' };
    await client().createPersistentSubscriptionToStream(name.stream, name.group, streamSettings({ startFrom: START }));
    await client().appendToStream(name.stream, notes(1));
    await (await consumer(name)).until(1);
    expect((await infoOf(name)).groupName).toBe(name.group);
  });
});

describe('a policy that refuses', () => {
  class Closed extends FrontAccess {
    override allows(_: unknown, stream: string): boolean {
      return stream !== '$persistentSubscriptionConfig' && stream !== 'closed';
    }
  }
  const guarded = servedStore({ access: new Closed() });

  it('denies all that concerns groups', async () => {
    const { client: theirs } = guarded();
    const denied = await Promise.allSettled([
      theirs.createPersistentSubscriptionToStream('closed', 'g', streamSettings()),
      theirs.updatePersistentSubscriptionToStream('closed', 'g', streamSettings()),
      theirs.deletePersistentSubscriptionToStream('closed', 'g'),
      theirs.getPersistentSubscriptionToStreamInfo('closed', 'g'),
      theirs.listAllPersistentSubscriptions(),
      theirs.listPersistentSubscriptionsToStream('closed'),
      theirs.replayParkedMessagesToStream('closed', 'g'),
      theirs.restartPersistentSubscriptionSubsystem(),
      consume(theirs.subscribeToPersistentSubscriptionToStream('closed', 'g')),
    ]);
    for (const answer of denied) expect(answer).toMatchObject({ reason: expect.any(AccessDeniedError) });
  });

  it('lets those read a group who may read its source', async () => {
    const reading = consume(guarded().client.subscribeToPersistentSubscriptionToStream('open', 'g'));
    await expect(reading).rejects.toThrow(PersistentSubscriptionDoesNotExistError);
  });
});
