import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { comparePositions, type Recorded, START } from '#kernel/event';
import { systemIds } from '#kernel/ids';
import { EventStoreDbEventStore } from '#platform/event-store/eventstoredb-event-store.adapter';
import type {
  Appended,
  EventStore,
  ExpectedRevision,
  NewEvent,
  SubscribeOptions,
  SubscriptionMessage,
} from '#platform/event-store/event-store.port';
import { TcpProxy } from '#test/support/engines/tcp-proxy';
import { EventStoreDbServer } from '#test/support/eventstoredb-server';

const STREAM = 'main.task-a';
const LANES = 8;

const event = (n: number): NewEvent => ({ id: systemIds.next(), type: 'task.changed', data: { n }, metadata: {} });

describe('the EventStoreDB adapter, when the connection breaks', () => {
  let server: EventStoreDbServer;
  let proxy: TcpProxy;
  let store: EventStoreDbEventStore;
  /** Called when the server has stored an append, before it answers. */
  let onStored: () => Promise<void>;
  /** Where the subscriptions that the server was asked for begin. */
  let subscribed: string[];

  beforeEach(async () => {
    onStored = async () => {};
    subscribed = [];
    server = await EventStoreDbServer.start({
      lasting: true,
      behind: (behind) =>
        told(behind, { stored: () => onStored(), subscribed: (position) => subscribed.push(position) }),
    });
    proxy = await TcpProxy.to(server.url);
    store = await EventStoreDbEventStore.open(proxy.url);
  });
  afterEach(async () => {
    await store.close();
    await proxy.close();
    await server.end();
  });

  /** The next answer to an append is lost on its way. */
  function loseAnswer(): void {
    onStored = async () => {
      onStored = async () => {};
      await proxy.cut();
      await proxy.restore();
    };
  }

  it.each<ExpectedRevision>(['none', 'any', 'exists', 2])(
    'settles an append whose answer was lost, expecting %s',
    async (expected) => {
      const before = expected === 'none' ? [] : [event(0), event(1), event(2)];
      if (before.length > 0) await store.append(STREAM, 'none', before);
      const given = [event(7), event(8)];
      loseAnswer();
      const appended = await store.append(STREAM, expected, given);
      const { events } = await server.store.read(STREAM);
      expect(events.map(({ id }) => id)).toEqual([...before, ...given].map(({ id }) => id));
      expect(appended).toEqual({ revision: events.at(-1)!.revision, position: events.at(-1)!.position });
    },
  );

  it('settles appends to one stream in the order in which they were called', async () => {
    await store.append(STREAM, 'none', [event(0)]);
    loseAnswer();
    const answers = await Promise.all(Array.from({ length: 50 }, (_, n) => store.append(STREAM, n, [event(n + 1)])));
    expect(answers.map(({ revision }) => revision)).toEqual(Array.from({ length: 50 }, (_, n) => n + 1));
    const { events } = await server.store.read(STREAM);
    expect(events.map(({ data }) => (data as { n: number }).n)).toEqual(Array.from({ length: 51 }, (_, n) => n));
  });

  it('sends an append again that never arrived', async () => {
    await proxy.cut();
    const append = store.append(STREAM, 'none', [event(0)]);
    await sleep(300);
    await proxy.restore();
    expect(await append).toMatchObject({ revision: 0 });
    expect((await server.store.read(STREAM)).events).toHaveLength(1);
  });

  it('loses, repeats and reorders nothing while the server is stopped and started again and again', async () => {
    const stop = new AbortController();
    const subscribed: Recorded[] = [];
    const subscription = (async () => {
      for await (const message of store.subscribe({ signal: stop.signal })) {
        if (message.kind === 'event') subscribed.push(message.event);
      }
    })();

    const answered: (Appended & { id: string; stream: string })[] = [];
    const writing = new AbortController();
    const lanes = Array.from({ length: LANES }, async (_, lane) => {
      const stream = `main.task-${lane}`;
      for (let n = 0; !writing.signal.aborted; n++) {
        const given = event(n);
        const appended = await store.append(stream, 'any', [given]);
        answered.push({ ...appended, id: given.id, stream });
      }
    });
    for (let round = 0; round < 4; round++) {
      await sleep(300);
      if (round % 2) {
        await proxy.cut();
        await sleep(100);
        await proxy.restore();
      } else {
        await server.stop();
        await sleep(100);
        await server.resume();
      }
    }
    await sleep(300);
    writing.abort();
    await Promise.all(lanes);
    const last = await store.append('main.task-last', 'none', [event(0)]);
    while (comparePositions(subscribed.at(-1)?.position ?? '0', last.position) < 0) await sleep(10);
    stop.abort();
    await subscription;

    const stored = await everything(server.store);
    expect(subscribed.map(({ id }) => id)).toEqual(stored.map(({ id }) => id));
    expect(subscribed.map(({ position }) => position)).toEqual(stored.map(({ position }) => position));
    expect(stored).toHaveLength(answered.length + 1);
    expect(answered.length).toBeGreaterThan(100);
    const byId = new Map(stored.map((one) => [one.id, one]));
    for (const { id, stream, revision, position } of answered) {
      expect(byId.get(id)).toMatchObject({ stream, revision, position });
    }
    for (const ofOne of Map.groupBy(stored, ({ stream }) => stream).values()) {
      expect(ofOne.map(({ data }) => (data as { n: number }).n)).toEqual([...ofOne.keys()]);
    }
  }, 60_000);

  it('goes on after the last event that it saw, and has nothing sent again', async () => {
    const messages = store.subscribe()[Symbol.asyncIterator]();
    const seen = async (id: string): Promise<void> => {
      for (let last: string | undefined; last !== id;) {
        const { value } = (await messages.next()) as IteratorYieldResult<SubscriptionMessage>;
        if (value.kind === 'event') last = value.event.id;
      }
    };
    for (let n = 0; n < 3; n++) {
      const given = event(n);
      const { position } = await store.append(STREAM, 'any', [given]);
      await seen(given.id);
      await proxy.cut();
      await proxy.restore();
      const next = event(100 + n);
      while (!(await store.append(STREAM, 'any', [next]).catch(() => undefined)));
      await seen(next.id);
      expect(subscribed.at(-1)).toBe(position);
      expect(subscribed).toHaveLength(n + 2);
    }
    await messages.return!();
  });

  it('says which server it cannot reach, and not with which password', async () => {
    await proxy.cut();
    const url = proxy.url.replace('//', '//admin:changeit@');
    const refusal = await EventStoreDbEventStore.open(url, { waitMs: 200 }).catch((error: unknown) => error);
    expect(refusal).toMatchObject({
      code: 'store-unreachable',
      message: expect.stringContaining('PERDURE_EVENT_STORE'),
    });
    expect((refusal as Error).message).toContain(new URL(proxy.url).host);
    expect((refusal as Error).message).not.toContain('changeit');
    await proxy.restore();
  });

  it('rejects reads while the server is away, and reads again when it is back', async () => {
    await store.append(STREAM, 'none', [event(0)]);
    await proxy.cut();
    await expect(store.read(STREAM)).rejects.toMatchObject({ code: 'store-unavailable', retryable: true });
    await proxy.restore();
    for (;;) {
      const slice = await store.read(STREAM).catch(() => sleep(20));
      if (slice) return expect(slice.events).toHaveLength(1);
    }
  });
});

async function everything(store: EventStore): Promise<Recorded[]> {
  const events: Recorded[] = [];
  for (let position: string | undefined, end = false; !end;) {
    const slice = await store.readAll({ position });
    events.push(...slice.events);
    ({ position, end } = slice);
  }
  return events;
}

interface Listener {
  stored(): Promise<void>;
  subscribed(position: string): void;
}

/** The store, telling of each append that it has carried out before it answers, and of each subscription that it is asked for. */
function told(store: EventStore, listener: Listener): EventStore {
  return new Proxy(store, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      if (name === 'subscribe') {
        return (options: SubscribeOptions = {}) => {
          listener.subscribed(options.position ?? START);
          return target.subscribe(options);
        };
      }
      if (name !== 'append') return value.bind(target) as unknown;
      return async (...args: Parameters<EventStore['append']>) => {
        const appended = await target.append(...args);
        await listener.stored();
        return appended;
      };
    },
  });
}
