import { describe, expect, it } from '@jest/globals';
import type { Recorded } from '#kernel/event';
import type { ResolvedEvent } from './links.js';
import { type Candidate, consumerStrategy } from './persistent-strategy.js';
import type { ConsumerStrategyName } from './persistent-settings.js';

interface Taker extends Candidate {
  room: number;
}

const taker = (id: string, room = Infinity): Taker => ({ id, room });

function event(stream: string, metadata: object = {}): ResolvedEvent {
  return { event: { type: 'moved', stream, metadata, data: {} } as unknown as Recorded };
}

function withConsumers(name: ConsumerStrategyName, ...consumers: Taker[]) {
  const strategy = consumerStrategy<Taker>(name);
  for (const consumer of consumers) strategy.join(consumer);
  return strategy;
}

const choices = (strategy: ReturnType<typeof withConsumers>, events: readonly ResolvedEvent[]) =>
  events.map((one) => strategy.choose(one)?.id);

const someEvents = Array.from({ length: 300 }, (_, index) => event(`main.order-${index}`));

describe('RoundRobin', () => {
  it('goes from one consumer to the next', () => {
    const strategy = withConsumers('RoundRobin', taker('a'), taker('b'), taker('c'));
    expect(choices(strategy, someEvents.slice(0, 5))).toEqual(['a', 'b', 'c', 'a', 'b']);
  });

  it('passes over those without room and those who left', () => {
    const [a, b, c] = [taker('a'), taker('b', 0), taker('c')];
    const strategy = withConsumers('RoundRobin', a, b, c);
    expect(choices(strategy, someEvents.slice(0, 3))).toEqual(['a', 'c', 'a']);
    strategy.leave(a);
    expect(choices(strategy, someEvents.slice(0, 2))).toEqual(['c', 'c']);
    strategy.leave(c);
    expect(strategy.choose(event('s'))).toBeUndefined();
  });
});

describe('DispatchToSingle', () => {
  it('stays with the first until it has no room', () => {
    const a = taker('a');
    const strategy = withConsumers('DispatchToSingle', a, taker('b'));
    expect(choices(strategy, someEvents.slice(0, 2))).toEqual(['a', 'a']);
    a.room = 0;
    expect(choices(strategy, someEvents.slice(0, 1))).toEqual(['b']);
    a.room = 1;
    expect(choices(strategy, someEvents.slice(0, 1))).toEqual(['a']);
  });
});

describe('Pinned', () => {
  it('gives a stream to the same consumer every time, and each consumer a fair share', () => {
    const strategy = withConsumers('Pinned', taker('a'), taker('b'), taker('c'));
    const first = choices(strategy, someEvents);
    expect(choices(strategy, someEvents)).toEqual(first);
    for (const id of ['a', 'b', 'c']) expect(first.filter((one) => one === id).length).toBeGreaterThan(60);
  });

  it('moves only what was pinned to the one who leaves', () => {
    const b = taker('b');
    const strategy = withConsumers('Pinned', taker('a'), b, taker('c'));
    const before = choices(strategy, someEvents);
    strategy.leave(b);
    const after = choices(strategy, someEvents);
    before.forEach((id, index) => {
      if (id === 'b') expect(after[index]).not.toBe('b');
      else expect(after[index]).toBe(id);
    });
  });

  it('makes an event wait for its consumer while that has no room', () => {
    const a = taker('a', 0);
    const strategy = withConsumers('Pinned', a);
    expect(strategy.choose(event('s'))).toBeUndefined();
    a.room = 1;
    expect(strategy.choose(event('s'))).toBe(a);
  });

  it('follows a link to the stream that it leads to, also where nothing is there any more', () => {
    const strategy = withConsumers('Pinned', taker('a'), taker('b'), taker('c'));
    for (const { event: original } of someEvents) {
      const link = { type: '$>', stream: '$ce-main.order', data: Buffer.from(`0@${original!.stream}`), metadata: {} };
      const dead: ResolvedEvent = { link: link as unknown as Recorded };
      expect(strategy.choose(dead)).toBe(strategy.choose({ event: original! }));
    }
  });
});

describe('PinnedByCorrelation', () => {
  it('gives what belongs together to the same consumer, whatever its stream', () => {
    const strategy = withConsumers('PinnedByCorrelation', taker('a'), taker('b'), taker('c'));
    const chosen = new Set<string | undefined>();
    for (let request = 0; request < 50; request++) {
      const metadata = { $correlationId: `request-${request}` };
      const together = choices(strategy, [event('main.order-1', metadata), event(`main.item-${request}`, metadata)]);
      expect(new Set(together).size).toBe(1);
      chosen.add(together[0]);
    }
    expect(chosen.size).toBe(3);
  });

  it('goes by the stream where there is no correlation', () => {
    const strategy = withConsumers('PinnedByCorrelation', taker('a'), taker('b'), taker('c'));
    const pinned = withConsumers('Pinned', taker('a'), taker('b'), taker('c'));
    expect(choices(strategy, someEvents)).toEqual(choices(pinned, someEvents));
  });
});
