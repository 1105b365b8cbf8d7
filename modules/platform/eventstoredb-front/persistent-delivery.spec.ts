import { describe, expect, it } from '@jest/globals';
import type { Recorded } from '#kernel/event';
import { ManualClock } from '#test/support/manual-clock';
import type { Consumer } from './persistent-consumer.js';
import { Delivery } from './persistent-delivery.js';
import { message, type Message } from './persistent-message.js';
import type { GroupSettings } from './persistent-settings.js';

const settings: GroupSettings = {
  startFrom: '0',
  resolveLinks: false,
  extraStatistics: false,
  messageTimeoutMs: 30_000,
  maxRetryCount: 2,
  checkpointAfterMs: 2_000,
  minCheckpointCount: 10,
  maxCheckpointCount: 1_000,
  maxSubscriberCount: 0,
  liveBufferSize: 500,
  historyBufferSize: 500,
  readBatchSize: 20,
  consumerStrategy: 'RoundRobin',
};

/** A message as `e3`; a second part gives another stream, as `e3@other`. */
function messageOf(name: string, number: number): Message {
  const [id = name, stream = 'main.order-1'] = name.split('@');
  const event = { id, stream, type: 'moved', data: {}, metadata: {} } as unknown as Recorded;
  return message({ event }, 'source', number);
}

class Situation {
  readonly clock = new ManualClock();
  readonly sent: string[] = [];
  readonly finished: string[] = [];
  readonly parked: string[] = [];
  readonly delivery: Delivery;

  constructor(changes: Partial<GroupSettings> = {}) {
    this.delivery = new Delivery({ ...settings, ...changes }, this.clock, {
      finished: ({ id }) => this.finished.push(id),
      park: ({ id }, reason) => this.parked.push(`${id}: ${reason}`),
    });
  }

  consumer(id: string, bufferSize = 10): this {
    const consumer: Consumer = {
      id,
      bufferSize,
      connectionName: id,
      user: 'admin',
      from: 'here',
      deliver: ({ id: event, retryCount }) =>
        this.sent.push(`${event} to ${id}${retryCount ? ` again ${retryCount}` : ''}`),
      drop: () => undefined,
    };
    this.delivery.connect(consumer);
    return this;
  }

  events(...names: string[]): this {
    this.delivery.offer(names.map(messageOf));
    return this;
  }

  /** What was sent since the last look. */
  news(): string[] {
    return this.sent.splice(0);
  }
}

describe('the delivery of a group', () => {
  it('given nobody to send to, keeps events for the first who comes', () => {
    const { delivery, ...situation } = new Situation().events('e0', 'e1');
    expect(situation.sent).toEqual([]);
    expect(delivery.readyCount).toBe(2);
  });

  it('sends to each consumer no more than its buffer takes', () => {
    const situation = new Situation().consumer('a', 2).events('e0', 'e1', 'e2', 'e3');
    expect(situation.news()).toEqual(['e0 to a', 'e1 to a']);
    situation.delivery.acknowledge(['e0']);
    expect(situation.news()).toEqual(['e2 to a']);
    expect(situation.delivery).toMatchObject({ inFlightCount: 2, readyCount: 1 });
  });

  it('does not let one who never acknowledges hold up the others', () => {
    const situation = new Situation().consumer('stuck', 1).consumer('busy', 1).events('e0', 'e1', 'e2', 'e3');
    expect(situation.news()).toEqual(['e0 to stuck', 'e1 to busy']);
    situation.delivery.acknowledge(['e1']);
    situation.delivery.acknowledge(['e2']);
    expect(situation.news()).toEqual(['e2 to busy', 'e3 to busy']);
    expect(situation.finished).toEqual(['e1', 'e2']);
  });

  it('passes over acknowledgements of what is not in flight', () => {
    const situation = new Situation().consumer('a').events('e0');
    situation.delivery.acknowledge(['unknown', 'e0', 'e0']);
    situation.delivery.reject('a', ['e0', 'unknown'], 'park', 'no');
    expect(situation).toMatchObject({ finished: ['e0'], parked: [] });
    expect(situation.delivery.inFlightCount).toBe(0);
    expect(situation.delivery.connections[0]!.room).toBe(10);
  });

  it('gives what a consumer leaves behind to the others, before anything new', () => {
    const situation = new Situation().consumer('a', 2).events('e0', 'e1', 'e2');
    situation.news();
    situation.delivery.disconnect('a');
    expect(situation.delivery).toMatchObject({ inFlightCount: 0, retryCount: 2 });
    situation.consumer('b', 3);
    expect(situation.news()).toEqual(['e0 to b again 1', 'e1 to b again 1', 'e2 to b']);
  });

  it('sends what was not acknowledged in time again, until it is parked', () => {
    const situation = new Situation().consumer('a').events('e0');
    situation.clock.advance(29);
    situation.delivery.expire();
    expect(situation.news()).toEqual(['e0 to a']);
    situation.clock.advance(1);
    situation.delivery.expire();
    situation.clock.advance(30);
    situation.delivery.expire();
    expect(situation.news()).toEqual(['e0 to a again 1', 'e0 to a again 2']);
    situation.clock.advance(30);
    situation.delivery.expire();
    expect(situation.parked).toEqual(['e0: It was sent again 2 times, which is the limit (maxRetryCount).']);
    expect(situation.delivery).toMatchObject({ inFlightCount: 0, retryCount: 0 });
  });

  it('waits for ever where the timeout is 0', () => {
    const situation = new Situation({ messageTimeoutMs: 0 }).consumer('a').events('e0');
    situation.clock.advance(1_000_000);
    situation.delivery.expire();
    expect(situation.news()).toEqual(['e0 to a']);
  });

  it('takes a late acknowledgement for one that was sent again', () => {
    const situation = new Situation().consumer('slow', 1).consumer('other', 1).events('e0');
    situation.clock.advance(30);
    situation.delivery.expire();
    expect(situation.news()).toEqual(['e0 to slow', 'e0 to other again 1']);
    situation.delivery.reject('slow', ['e0'], 'park', 'it is not mine any more');
    expect(situation.parked).toEqual([]);
    situation.delivery.acknowledge(['e0']);
    expect(situation.finished).toEqual(['e0']);
    expect(situation.delivery.connections.map(({ room }) => room)).toEqual([1, 1]);
  });

  it.each([
    ['park', { parked: ['e0: A consumer asked for it: broken'], finished: [] }, []],
    ['skip', { parked: [], finished: ['e0'] }, []],
    ['retry', { parked: [], finished: [] }, ['e0 to a again 1']],
  ] as const)('given a rejected event, can %s it', (action, effects, sent) => {
    const situation = new Situation().consumer('a').events('e0');
    situation.news();
    situation.delivery.reject('a', ['e0'], action, 'broken');
    expect(situation).toMatchObject(effects);
    expect(situation.news()).toEqual(sent);
  });

  it('ends a storm of retries at the limit', () => {
    const situation = new Situation({ maxRetryCount: 3 }).consumer('a').events('e0', 'e1');
    for (let round = 0; round < 10; round++) situation.delivery.reject('a', ['e0', 'e1'], 'retry', 'no');
    expect(situation.sent).toHaveLength(2 * 4);
    expect(situation.parked).toHaveLength(2);
  });

  it('holds an event back while another one with its id is in flight', () => {
    const situation = new Situation().consumer('a').events('e0', 'e0@main.order-2', 'e1');
    expect(situation.news()).toEqual(['e0 to a', 'e1 to a']);
    situation.delivery.acknowledge(['e0']);
    expect(situation.news()).toEqual(['e0 to a']);
    situation.delivery.acknowledge(['e0', 'e1']);
    expect(situation.finished).toEqual(['e0', 'e0', 'e1']);
  });

  it('lets events of other streams pass one that waits for its consumer', () => {
    const situation = new Situation({ consumerStrategy: 'Pinned' }).consumer('a', 1).consumer('b', 1);
    const streams = Array.from({ length: 20 }, (_, index) => `e${index}@main.order-${index}`);
    situation.events(...streams);
    expect(new Set(situation.sent.map((sent) => sent.at(-1)))).toEqual(new Set(['a', 'b']));
    for (let left = streams.length; left > 0; left--) {
      for (const sent of situation.news()) situation.delivery.acknowledge([sent.split(' ')[0]!]);
    }
    expect(situation.finished).toHaveLength(20);
  });

  it('keeps the order of a stream for the consumer it is pinned to', () => {
    const situation = new Situation({ consumerStrategy: 'Pinned' }).consumer('a', 1).consumer('b', 1);
    situation.events('e0', 'e1', 'e2');
    const order: string[] = [];
    while (situation.sent.length > 0) {
      const sent = situation.news();
      order.push(...sent);
      situation.delivery.acknowledge(sent.map((one) => one.split(' ')[0]!));
    }
    expect(order.map((sent) => sent.slice(0, 2))).toEqual(['e0', 'e1', 'e2']);
    expect(new Set(order.map((sent) => sent.at(-1))).size).toBe(1);
  });

  it('measures the time to the acknowledgement where that is asked for', () => {
    const situation = new Situation({ extraStatistics: true }).consumer('a').events('e0', 'e1');
    situation.clock.advance(1);
    situation.delivery.acknowledge(['e0']);
    situation.clock.advance(2);
    situation.delivery.acknowledge(['e1']);
    const [connection] = situation.delivery.connections;
    expect(Object.fromEntries(connection!.latencies!.summary())).toMatchObject({
      Mean: 2_000,
      Fastest: 1_000,
      Highest: 3_000,
      'Quintile 3': 3_000,
    });
    expect(connection!.throughput.measure()).toEqual({ total: 2, sinceMeasured: 2, perSecond: 1 });
    expect(connection!.throughput.measure()).toMatchObject({ total: 2, sinceMeasured: 0 });
  });
});
