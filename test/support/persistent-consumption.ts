import {
  type EventData,
  type EventStoreDBClient,
  jsonEvent,
  type PersistentSubscriptionToAll,
  type PersistentSubscriptionToStream,
  type PersistentSubscriptionToStreamResolvedEvent,
  type PersistentSubscriptionToStreamSettings,
  persistentSubscriptionToStreamSettingsFromDefaults,
  START,
} from '@eventstore/db-client';
import { afterEach } from '@jest/globals';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';

type Delivered = PersistentSubscriptionToStreamResolvedEvent;
type Answer = 'ack' | 'park' | 'retry' | 'skip' | 'stop' | 'keep';

export interface ConsumeOptions {
  /** What the consumer does with an event; default: acknowledges it. */
  readonly answer?: (event: Delivered) => Answer;
}

/** What a consumer of a persistent subscription has seen. */
export interface Consumption {
  /** Revision of the event, followed by `~<n>` where it came for the n-th time again. */
  readonly seen: string[];
  readonly events: Delivered[];
  /** Resolves when so many events were seen and the server has the answers to them; rejects where the subscription ends before. */
  readonly until: (count: number) => Promise<void>;
  /** The error with which the subscription ends. */
  readonly ended: Promise<unknown>;
  readonly leave: () => Promise<void>;
}

/** Consumes until it is told to leave. Resolves when the server has confirmed the subscription. */
export async function consume(
  subscription: PersistentSubscriptionToStream | PersistentSubscriptionToAll,
  { answer = () => 'ack' }: ConsumeOptions = {},
): Promise<Consumption> {
  const source: PersistentSubscriptionToStream = subscription;
  const seen: string[] = [];
  const events: Delivered[] = [];
  let waiting: { readonly count: number; readonly resolve: () => void; readonly reject: (error: unknown) => void }[] =
    [];
  const settle = (): void => {
    waiting = waiting.filter(({ count, resolve }) => {
      if (seen.length >= count) resolve();
      return seen.length < count;
    });
  };
  const take = async (event: Delivered): Promise<void> => {
    const number = (event.link ?? event.event)!.revision;
    seen.push(event.retryCount > 0 ? `${number}~${event.retryCount}` : `${number}`);
    events.push(event);
    const said = answer(event);
    if (said === 'ack') await source.ack(event);
    else if (said !== 'keep') await source.nack(said, 'because', event);
    settle();
  };
  source.on('data', (event) => void take(event));
  const ended = new Promise<unknown>((resolve) => {
    source.on('error', (error) => {
      resolve(error);
      for (const { reject } of waiting) reject(error);
    });
  });
  await Promise.race([once(source, 'confirmation'), ended.then((error) => Promise.reject(error as Error))]);
  return {
    seen,
    events,
    ended,
    until: (count) =>
      new Promise((resolve, reject) => {
        waiting.push({ count, resolve, reject });
        settle();
      }),
    leave: () => source.unsubscribe(),
  };
}

/** A group on a stream. */
export interface GroupOnStream {
  readonly stream: string;
  readonly group: string;
}

/** Groups of a client's server, each with names of its own, and consumers that leave at the end of their test. */
export function groupsOf(client: () => EventStoreDBClient) {
  let count = 0;
  const consumptions: Consumption[] = [];
  afterEach(async () => {
    await Promise.all(consumptions.splice(0).map((consumption) => consumption.leave()));
  });
  const keep = (consumption: Consumption): Consumption => {
    consumptions.push(consumption);
    return consumption;
  };
  const names = (): GroupOnStream => {
    count++;
    return { stream: `main.order-${count}`, group: `billing-${count}` };
  };
  return {
    keep,
    names,
    /** It begins with the start, where nothing else is said. */
    newGroup: async (settings: Partial<PersistentSubscriptionToStreamSettings> = {}): Promise<GroupOnStream> => {
      const name = names();
      const all = persistentSubscriptionToStreamSettingsFromDefaults({ startFrom: START, ...settings });
      await client().createPersistentSubscriptionToStream(name.stream, name.group, all);
      return name;
    },
    consumer: async (
      { stream, group }: GroupOnStream,
      { bufferSize = 10, ...options }: ConsumeOptions & { readonly bufferSize?: number } = {},
    ): Promise<Consumption> =>
      keep(await consume(client().subscribeToPersistentSubscriptionToStream(stream, group, { bufferSize }), options)),
    consumerOfAll: async (group: string, options: ConsumeOptions = {}): Promise<Consumption> =>
      keep(await consume(client().subscribeToPersistentSubscriptionToAll(group), options)),
    infoOf: ({ stream, group }: GroupOnStream) => client().getPersistentSubscriptionToStreamInfo(stream, group),
  };
}

export function notes(count: number, type = 'noted', metadata?: Record<string, unknown>): EventData[] {
  return Array.from({ length: count }, (_, index) =>
    jsonEvent({ type, data: { index }, ...(metadata && { metadata }) }),
  );
}

/** Tries until the expectation holds; rejects with its error after five seconds. */
export async function eventually(expectation: () => Promise<void>): Promise<void> {
  for (const deadline = Date.now() + 5_000; ;) {
    try {
      return await expectation();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await setTimeout(20);
    }
  }
}
