import { describe, expect, it } from '@jest/globals';
import type { Message } from '#platform/eventstoredb-front/persistent-message';
import { CONSUMER_STRATEGIES } from '#platform/eventstoredb-front/persistent-settings';
import { mulberry32 } from '#test/support/mulberry32';
import {
  connected,
  groupSettings,
  numbers,
  type RememberingConsumer,
  servedGroups,
  settle,
} from '#test/support/served-groups';

const name = { source: 'main.order-1', group: 'billing' };
const served = servedGroups();

/** Everything that can happen, in any order: what a consumer was never done with must come until one is. */
// With the last of them a replay was extended while it came to its end, and jumped over an event.
describe.each([1, 2, 3, 4, 5, 6, 388])('whatever happens (seed %i)', (seed) => {
  it('delivers every event until it is handled or parked', async () => {
    const random = mulberry32(seed);
    const pick = (below: number): number => Math.floor(random() * below);
    const consumerStrategy = CONSUMER_STRATEGIES[seed % CONSUMER_STRATEGIES.length]!;
    let service = served().serve();
    await service.create(name, { ...groupSettings, maxRetryCount: 3, consumerStrategy }, undefined, 'ann');
    const done = new Set<number>();
    let consumers: RememberingConsumer[] = [];
    let group = await service.working(name);
    let events = 0;
    const revision = ({ resolved }: Message): number => resolved.event!.revision;

    const acts: (() => unknown)[] = [
      async () => {
        const more = 1 + pick(8);
        events += more;
        await served().append(more, name.source);
      },
      async () => consumers.push(await connected(group, `c${pick(1e9)}`, 1 + pick(6))),
      () => {
        const [gone] = consumers.splice(pick(consumers.length), 1);
        if (gone) group.disconnect(gone.id);
      },
      async () => {
        served().clock.advance(pick(12));
        await group.tick();
      },
      () => group.replayParked(),
      async () => {
        // Killed. What it has under way comes to nothing: consumers are gone.
        if (pick(4) > 0) return;
        for (const { id } of consumers) group.disconnect(id);
        consumers = [];
        service = served().serve();
        group = await service.working(name);
      },
      async () => {
        if (pick(4) > 0) return;
        await service.update(name, { ...groupSettings, maxRetryCount: 3, consumerStrategy }, 'ann');
        consumers = [];
        group = await service.working(name);
      },
      ...Array.from({ length: 6 }, () => () => {
        const consumer = consumers[pick(consumers.length)];
        const message = consumer?.messages.at(-1 - pick(6));
        if (!consumer || !message) return;
        const action = (['ack', 'ack', 'ack', 'park', 'retry', 'skip'] as const)[pick(6)]!;
        if (action === 'ack') {
          group.acknowledge([message.id]);
          done.add(revision(message));
        } else group.reject(consumer.id, [message.id], action, 'because');
        if (action === 'skip') done.add(revision(message));
      }),
    ];
    for (let step = 0; step < 300; step++) {
      await acts[pick(acts.length)]!();
      for (const consumer of consumers) {
        const room = group.connections.find(({ id }) => id === consumer.id)!.room;
        expect(room).toBeGreaterThanOrEqual(0);
      }
      if (pick(3) === 0) await settle();
    }

    const last = await connected(group, 'last', 1_000);
    for (const { id } of consumers) group.disconnect(id);
    await group.replayParked();
    for (let round = 0; round < 60; round++) {
      await settle();
      for (const message of last.messages.splice(0)) {
        group.acknowledge([message.id]);
        done.add(revision(message));
      }
      await group.tick();
      await group.replayParked();
    }
    expect([...done].toSorted((a, b) => a - b)).toEqual(numbers(0, events));
    expect(await group.status()).toMatchObject({ parked: 0, inFlight: 0, retries: 0, ready: 0 });
  });
});
