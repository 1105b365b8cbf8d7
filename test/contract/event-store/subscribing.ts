import { describe, expect, it } from '@jest/globals';
import { comparePositions, type Recorded } from '#kernel/event';
import type { SubscriptionMessage } from '#platform/event-store/event-store.port';
import { event, events, numbers, STREAM, type UnderTest } from './samples.js';

/** Takes messages up to the first that is the last one wanted. */
async function take(
  messages: AsyncIterator<SubscriptionMessage>,
  isLast: (message: SubscriptionMessage) => boolean,
): Promise<SubscriptionMessage[]> {
  const taken: SubscriptionMessage[] = [];
  for (;;) {
    const next = await messages.next();
    if (next.done) throw new Error('The subscription ended.');
    taken.push(next.value);
    if (isLast(next.value)) return taken;
  }
}

/** The events up to the one of type `task.last`, after which the subscription must say that it caught up. */
async function untilLast(subscription: AsyncIterable<SubscriptionMessage>): Promise<Recorded[]> {
  const messages = subscription[Symbol.asyncIterator]();
  const isLast = (message: SubscriptionMessage) => message.kind === 'event' && message.event.type === 'task.last';
  const taken = await take(messages, isLast);
  expect(brief(await take(messages, caughtUp))).toEqual(['caught-up']);
  await messages.return!();
  return taken.flatMap((message) => (message.kind === 'event' ? [message.event] : []));
}

const caughtUp = ({ kind }: SubscriptionMessage): boolean => kind === 'caught-up';

/** Events as their `n`, other messages as their kind. */
const brief = (messages: readonly SubscriptionMessage[]) =>
  messages.map((message) => (message.kind === 'event' ? numbers([message.event])[0] : message.kind));

export function subscribing(underTest: UnderTest): void {
  describe('subscribe', () => {
    it('gives what is stored, says that it caught up, and goes on with what comes', async () => {
      const { store } = underTest();
      await store.append(STREAM, 'none', [event(0), event(1)]);
      const messages = store.subscribe()[Symbol.asyncIterator]();
      expect(brief(await take(messages, caughtUp))).toEqual([0, 1, 'caught-up']);
      const next = take(messages, caughtUp);
      await store.append(STREAM, 'any', [event(2)]);
      expect(brief(await next)).toEqual([2, 'caught-up']);
      await messages.return!();
    });

    it('catches up at once in an empty store', async () => {
      const messages = underTest().store.subscribe()[Symbol.asyncIterator]();
      expect(brief(await take(messages, caughtUp))).toEqual(['caught-up']);
      await messages.return!();
    });

    it('starts after a position', async () => {
      const { store } = underTest();
      const { position } = await store.append(STREAM, 'none', events(3));
      await store.append(STREAM, 'any', [event(3)]);
      const messages = store.subscribe({ position })[Symbol.asyncIterator]();
      expect(brief(await take(messages, caughtUp))).toEqual([3, 'caught-up']);
      await messages.return!();
    });

    it('filters, and tells where it is when nothing matched', async () => {
      const { store } = underTest();
      await store.append('main.task-a', 'none', events(2));
      const filter = { streamPrefixes: ['main.user-'] };
      const messages = store.subscribe({ filter })[Symbol.asyncIterator]();
      const [checkpoint] = await take(messages, caughtUp);
      expect(checkpoint).toEqual({ kind: 'checkpoint', position: await store.head() });

      const next = take(messages, ({ kind }) => kind === 'event');
      await store.append('main.task-a', 'any', [event(8)]);
      await store.append('main.user-a', 'none', [event(9)]);
      expect(brief(await next).at(-1)).toBe(9);
      await messages.return!();
    });

    it('started in the middle of 10,000 concurrent appends gives each event once and in order', async () => {
      const { store } = underTest();
      const middle = Promise.withResolvers<string>();
      let answered = 0;
      const appends = Array.from({ length: 10_000 }, async (_, n) => {
        const { position } = await store.append(`main.task-${n % 64}`, 'any', [event(n)]);
        if (++answered === 3_000) middle.resolve(position);
      });
      const from = await middle.promise;
      const subscribers = [store.subscribe(), store.subscribe({ position: from })].map(untilLast);
      await Promise.all(appends);
      await store.append('main.task-last', 'none', [event(10_000, 'task.last')]);
      const [all, later] = await Promise.all(subscribers);

      expect(numbers(all!).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 10_001 }, (_, n) => n));
      const positions = all!.map(({ position }) => position);
      expect(positions).toEqual(positions.toSorted(comparePositions));
      for (const ofOne of Map.groupBy(all!, ({ stream }) => stream).values()) {
        expect(ofOne.map(({ revision }) => revision)).toEqual([...ofOne.keys()]);
      }
      expect(later).toEqual(all!.slice(positions.indexOf(from) + 1));
    }, 60_000);

    it('catches up where a deleted stream was given again what stood in it', async () => {
      const { store } = underTest();
      const given = event(1);
      await store.append(STREAM, 'any', [given]);
      await store.delete(STREAM, 0, 'soft');
      const { position } = await store.append('main.task-b', 'none', [event(2)]);
      await store.append('$ours-1', 'none', [event(3)]);
      await store.append(STREAM, 'any', [given]);
      const messages = store.subscribe({ position })[Symbol.asyncIterator]();
      await take(messages, caughtUp);
      await messages.return!();
    });

    it('waits for a slow reader', async () => {
      const { store } = underTest();
      const messages = store.subscribe()[Symbol.asyncIterator]();
      await take(messages, caughtUp);
      for (let n = 0; n < 20; n++)
        await store.append(
          STREAM,
          'any',
          Array.from({ length: 100 }, (_, i) => event(n * 100 + i)),
        );
      expect(brief(await take(messages, caughtUp))).toEqual([
        ...Array.from({ length: 2_000 }, (_, n) => n),
        'caught-up',
      ]);
      await messages.return!();
    });

    it.each(['abort', 'return', 'close'] as const)('ends a reader that waits on %s', async (end) => {
      const { store } = underTest();
      const stop = new AbortController();
      const messages = store.subscribe({ signal: stop.signal })[Symbol.asyncIterator]();
      await take(messages, caughtUp);
      const waiting = messages.next();
      if (end === 'abort') stop.abort();
      else if (end === 'return') await messages.return!();
      else await store.close();
      expect(await waiting).toEqual({ done: true, value: undefined });
      expect(await messages.next()).toEqual({ done: true, value: undefined });
    });

    it('ends at once where the signal was given before', async () => {
      const { store } = underTest();
      await store.append(STREAM, 'none', events(3));
      expect(await Array.fromAsync(store.subscribe({ signal: AbortSignal.abort() }))).toEqual([]);
    });
  });

  describe('close', () => {
    it('finishes what was accepted, then refuses', async () => {
      const { store } = underTest();
      const accepted = store.append(STREAM, 'none', [event()]);
      await store.close();
      expect((await accepted).revision).toBe(0);
      for (const call of [() => store.append(STREAM, 'any', [event()]), () => store.read(STREAM), () => store.head()]) {
        await expect(call()).rejects.toMatchObject({ code: 'store-unavailable', retryable: true });
      }
    });
  });
}
