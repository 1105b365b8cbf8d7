import {
  type EventStoreDBClient,
  PersistentSubscriptionDroppedError,
  persistentSubscriptionToStreamSettingsFromDefaults as streamSettings,
  START,
  UnavailableError,
} from '@eventstore/db-client';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SqliteEventStore } from '#platform/event-store/sqlite-event-store.adapter';
import { EventStoreDbFront } from '#platform/eventstoredb-front/front';
import { consume, type ConsumeOptions, eventually, notes } from '#test/support/persistent-consumption';
import { clientOf } from '#test/support/served-store';

const stream = 'main.order-1';
const group = 'billing';

let directory: string;
let store: SqliteEventStore;
let front: EventStoreDbFront;
let client: EventStoreDBClient;

async function start(): Promise<void> {
  store = await SqliteEventStore.open(join(directory, 'events.db'));
  front = await EventStoreDbFront.open(store);
  client = clientOf(front);
}

/** First the store, so that the front cannot write anything more: what it had not written by now is lost, as at a kill. */
async function crash(): Promise<void> {
  await store.close();
  await front.close();
  await client.dispose();
}

async function stop(): Promise<void> {
  await front.close();
  await store.close();
  await client.dispose();
}

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'perdure-persistent-'));
  await start();
});

afterEach(async () => {
  await stop();
  await rm(directory, { recursive: true });
});

const consumer = (options: ConsumeOptions = {}) =>
  consume(client.subscribeToPersistentSubscriptionToStream(stream, group, { bufferSize: 100 }), options);
const create = (changes: Parameters<typeof streamSettings>[0] = {}) =>
  client.createPersistentSubscriptionToStream(stream, group, streamSettings({ startFrom: START, ...changes }));
const info = () => client.getPersistentSubscriptionToStreamInfo(stream, group);

describe('after a crash', () => {
  it('a group goes on from its checkpoint and loses nothing', async () => {
    await create({ checkPointUpperBound: 10 });
    await client.appendToStream(stream, notes(40));
    const { until } = await consumer({ answer: ({ event }) => (event!.revision < 25n ? 'ack' : 'keep') });
    await until(40);
    await eventually(async () => expect((await info()).stats.lastCheckpointedEventRevision).toBeGreaterThanOrEqual(9n));
    const checkpoint = (await info()).stats.lastCheckpointedEventRevision!;
    await crash();
    await start();
    await client.appendToStream(stream, notes(5));
    const again = await consumer();
    const first = Number(checkpoint) + 1;
    await again.until(45 - first);
    expect(again.seen).toEqual(Array.from({ length: 45 - first }, (_, index) => `${first + index}`));
    expect(first).toBeLessThanOrEqual(25);
    await again.leave();
  });

  it('parked events are still there to be replayed', async () => {
    await create();
    await client.appendToStream(stream, notes(6));
    const { until } = await consumer({ answer: ({ event }) => (event!.revision % 2n === 0n ? 'park' : 'keep') });
    await until(6);
    await eventually(async () => expect((await info()).stats.parkedMessageCount).toBe(3n));
    await crash();
    await start();
    expect((await info()).stats.parkedMessageCount).toBe(3n);
    await client.replayParkedMessagesToStream(stream, group);
    const again = await consumer();
    // All six again, since nothing was acknowledged, and the parked three.
    await again.until(9);
    const links = again.events.filter(({ link }) => link).map(({ event }) => event!.revision);
    expect(links.toSorted()).toEqual([0n, 2n, 4n]);
    await again.leave();
  });
});

describe('when the front closes', () => {
  it('its consumers hear of it, and the group goes on exactly where it was', async () => {
    await create({ checkPointLowerBound: 1_000, checkPointUpperBound: 1_000, maxRetryCount: 0 });
    await client.appendToStream(stream, notes(10));
    const { until, ended } = await consumer({ answer: ({ event }) => (event!.revision < 4n ? 'ack' : 'keep') });
    await until(10);
    await eventually(async () => expect((await info()).stats.totalInFlightMessages).toBe(6));
    await stop();
    expect(await ended).toBeInstanceOf(UnavailableError);
    await start();
    const again = await consumer();
    await again.until(6);
    expect(again.seen).toEqual(['4', '5', '6', '7', '8', '9']);
    expect((await info()).stats.parkedMessageCount).toBe(0n);
    await again.leave();
  });

  it('a consumer that was dropped before stays dropped', async () => {
    await create();
    const { ended } = await consumer();
    await client.deletePersistentSubscriptionToStream(stream, group);
    expect(await ended).toBeInstanceOf(PersistentSubscriptionDroppedError);
  });
});

describe('a consumer that dies', () => {
  it('leaves what it had to the one that lives', async () => {
    await create();
    const other = clientOf(front);
    const dying = await consume(other.subscribeToPersistentSubscriptionToStream(stream, group, { bufferSize: 10 }), {
      answer: () => 'keep',
    });
    await client.appendToStream(stream, notes(10));
    await dying.until(10);
    const living = await consumer();
    await other.dispose();
    await living.until(10);
    expect(living.seen.toSorted()).toEqual(Array.from({ length: 10 }, (_, index) => `${index}~1`));
    await living.leave();
  });
});
