import { afterEach, beforeEach } from '@jest/globals';
import { setImmediate } from 'node:timers/promises';
import type { Recorded } from '#kernel/event';
import { systemIds } from '#kernel/ids';
import { StoreUnavailable } from '#platform/event-store/event-store.errors';
import type { EventStore } from '#platform/event-store/event-store.port';
import { SqliteEventStore } from '#platform/event-store/sqlite-event-store.adapter';
import type { Consumer } from '#platform/eventstoredb-front/persistent-consumer';
import type { PersistentGroup } from '#platform/eventstoredb-front/persistent-group';
import { PersistentGroups } from '#platform/eventstoredb-front/persistent-groups';
import type { Message } from '#platform/eventstoredb-front/persistent-message';
import type { GroupSettings } from '#platform/eventstoredb-front/persistent-settings';
import { ManualClock } from './manual-clock.js';

/** Small numbers, so that few events reach the limits. */
export const groupSettings: GroupSettings = {
  startFrom: '0',
  resolveLinks: false,
  extraStatistics: false,
  messageTimeoutMs: 10_000,
  maxRetryCount: 10,
  checkpointAfterMs: 1_000,
  minCheckpointCount: 5,
  maxCheckpointCount: 10,
  maxSubscriberCount: 0,
  liveBufferSize: 20,
  historyBufferSize: 20,
  readBatchSize: 7,
  consumerStrategy: 'RoundRobin',
};

/** Groups over an embedded store, as processes that come and go serve them. */
export class ServedGroups {
  readonly clock = new ManualClock();
  /** Names of streams to which nothing can be appended at the moment. */
  readonly broken = new Set<string>();
  readonly #services: PersistentGroups[] = [];

  constructor(readonly store: SqliteEventStore) {}

  /** Another process, after the one before was killed: that one does nothing any more, but nothing was tidied up either. */
  serve(): PersistentGroups {
    const service = new PersistentGroups({
      store: this.#breakable(),
      clock: this.clock,
      ids: systemIds,
      warn: () => undefined,
      // Tests say when time has passed.
      tickMs: 1_000_000,
    });
    this.#services.push(service);
    return service;
  }

  async append(count: number, stream: string): Promise<void> {
    const events = Array.from({ length: count }, () => ({
      id: systemIds.next(),
      type: 'moved',
      data: {},
      metadata: {},
    }));
    await this.store.append(stream, 'any', events);
  }

  async visible(stream: string): Promise<readonly Recorded[]> {
    return (await this.store.read(stream)).events;
  }

  async close(): Promise<void> {
    await Promise.all(this.#services.map((service) => service.close()));
    await this.store.close();
  }

  #breakable(): EventStore {
    const { broken } = this;
    return new Proxy<EventStore>(this.store, {
      get(store, property) {
        if (property !== 'append') return (Reflect.get(store, property) as () => unknown).bind?.(store);
        return (stream: string, ...rest: never[]) => {
          if (broken.has(stream)) return Promise.reject(new StoreUnavailable('It is broken for the test.'));
          return (store.append as (...args: unknown[]) => unknown)(stream, ...rest);
        };
      },
    });
  }
}

/** New ones for every test. */
export function servedGroups(): () => ServedGroups {
  let served: ServedGroups;
  beforeEach(async () => {
    served = new ServedGroups(await SqliteEventStore.open(':memory:'));
  });
  afterEach(() => served.close());
  return () => served;
}

/** A consumer that does nothing but remember. */
export class RememberingConsumer implements Consumer {
  readonly connectionName = '';
  readonly user = '';
  readonly from = '';
  readonly messages: Message[] = [];
  dropped: Error | undefined;

  constructor(
    readonly id: string,
    readonly bufferSize = 10,
  ) {}

  deliver(message: Message): void {
    this.messages.push(message);
  }

  drop(reason: Error): void {
    this.dropped = reason;
  }

  get revisions(): number[] {
    return this.messages.map(({ resolved }) => resolved.event!.revision);
  }

  get ids(): string[] {
    return this.messages.map(({ id }) => id);
  }
}

/** Until nothing more happens without us: the embedded store answers within a few turns of the event loop. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 30; turn++) await setImmediate();
}

/** A consumer that has what there is for it. */
export async function connected(group: PersistentGroup, id: string, bufferSize?: number): Promise<RememberingConsumer> {
  const consumer = new RememberingConsumer(id, bufferSize);
  group.connect(consumer);
  await settle();
  return consumer;
}

export function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}
