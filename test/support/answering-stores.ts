import {
  binaryEvent,
  type EventStoreDBClient,
  jsonEvent,
  type ResolvedEvent,
  StreamDeletedError,
  streamNameFilter,
  StreamNotFoundError,
  WrongExpectedVersionError,
} from '@eventstore/db-client';
import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import type { Position, Recorded } from '#kernel/event';
import { contentOf } from '#platform/event-store/event-content';
import { StreamDeleted, WrongExpectedRevision } from '#platform/event-store/event-store.errors';
import type { Direction, EventStore, ExpectedRevision } from '#platform/event-store/event-store.port';
import { checkOnly, namingLastRevision } from '#platform/eventstoredb-front/expected-revision';

export interface GivenEvent {
  readonly id: string;
  readonly type: string;
  readonly data: object;
  readonly metadata: object;
}

/** What EventStoreDB's clients can ask, with answers that can be compared: plain values, and refusals as values too. */
export interface Answering {
  append(stream: string, expected: ExpectedRevision, events: readonly GivenEvent[]): Promise<unknown>;
  read(stream: string, direction: Direction, from: number | undefined, limit: number): Promise<unknown>;
  /** With what is hidden; forwards the event at the position belongs to it. */
  readAll(direction: Direction, position: Position, limit: number): Promise<unknown>;
  delete(stream: string, expected: ExpectedRevision, mode: 'soft' | 'tombstone'): Promise<unknown>;
  /** A subscription to all, after the position, until it has caught up. */
  follow(position: Position, prefixes: readonly string[]): Promise<unknown>;
  /** A subscription to a stream, after the revision, until it has caught up. */
  followStream(stream: string, after: number): Promise<unknown>;
}

/** An answer that says no. */
async function orRefusal(answer: Promise<unknown>): Promise<unknown> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof WrongExpectedRevision) return { refused: 'wrong revision', actual: error.actual };
    if (error instanceof WrongExpectedVersionError) {
      return {
        refused: 'wrong revision',
        actual: Number(error.actualVersion === 'no_stream' ? -1 : error.actualVersion),
      };
    }
    if (error instanceof StreamDeleted || error instanceof StreamDeletedError) return { refused: 'deleted' };
    if (error instanceof StreamNotFoundError) return 'missing';
    throw error;
  }
}

/** Straight at the port, in the protocol's terms. */
export class ThroughPort implements Answering {
  constructor(private readonly store: EventStore) {}

  append(stream: string, expected: ExpectedRevision, events: readonly GivenEvent[]): Promise<unknown> {
    const { store } = this;
    return orRefusal(
      namingLastRevision<object>(store, async () => {
        if (events.length > 0) return store.append(stream, expected, events);
        // Of a stream that is not there the client makes revision 0.
        return { revision: Math.max(0, await checkOnly(store, stream, expected)) };
      }),
    );
  }

  read(stream: string, direction: Direction, from: number | undefined, limit: number): Promise<unknown> {
    return orRefusal(
      this.store.read(stream, { direction, limit, ...(from !== undefined && { from }) }).then(({ status, events }) => {
        return status === 'missing' ? status : events.map(seen);
      }),
    );
  }

  async readAll(direction: Direction, position: Position, limit: number): Promise<unknown> {
    const events: Recorded[] = [];
    const inclusive = direction === 'forwards' && position !== '0' ? String(Number(position) - 1) : position;
    if (direction === 'backwards' && position === '0') return [];
    for (let at = inclusive, end = false; !end && events.length < limit;) {
      const left = limit - events.length;
      const slice = await this.store.readAll({ direction, position: at, limit: left, system: true, hidden: true });
      events.push(...slice.events);
      ({ position: at, end } = slice);
    }
    return events.map(seen);
  }

  delete(stream: string, expected: ExpectedRevision, mode: 'soft' | 'tombstone'): Promise<unknown> {
    const deleted = namingLastRevision(this.store, () => this.store.delete(stream, expected, mode));
    return orRefusal(deleted.then(() => 'deleted'));
  }

  async follow(position: Position, prefixes: readonly string[]): Promise<unknown> {
    const events: Recorded[] = [];
    for await (const message of this.store.subscribe({ position, system: true, hidden: true })) {
      if (message.kind === 'caught-up') break;
      if (message.kind === 'event') events.push(message.event);
    }
    return events.filter(({ stream }) => prefixes.some((prefix) => stream.startsWith(prefix))).map(seen);
  }

  followStream(stream: string, after: number): Promise<unknown> {
    const rest = async () => (await this.store.read(stream, { from: after + 1 })).events.map(seen);
    return orRefusal(rest());
  }
}

/** Through the official client. */
export class ThroughClient implements Answering {
  constructor(private readonly client: EventStoreDBClient) {}

  append(stream: string, expected: ExpectedRevision, events: readonly GivenEvent[]): Promise<unknown> {
    const given = events.map(({ data, ...event }) =>
      data instanceof Uint8Array ? binaryEvent({ ...event, data }) : jsonEvent({ ...event, data } as never),
    );
    const appended = this.client.appendToStream(stream, given, { expectedRevision: expectation(expected) });
    return orRefusal(
      appended.then(({ nextExpectedRevision, position }) => ({
        revision: Number(nextExpectedRevision),
        ...(position && { position: String(position.commit) }),
      })),
    );
  }

  read(stream: string, direction: Direction, from: number | undefined, limit: number): Promise<unknown> {
    const start = direction === 'forwards' ? 'start' : 'end';
    const fromRevision = from === undefined ? start : BigInt(from);
    return orRefusal(all(this.client.readStream(stream, { direction, fromRevision, maxCount: limit })));
  }

  readAll(direction: Direction, position: Position, limit: number): Promise<unknown> {
    const fromPosition = { commit: BigInt(position), prepare: BigInt(position) };
    return orRefusal(all(this.client.readAll({ direction, fromPosition, maxCount: limit })));
  }

  delete(stream: string, expected: ExpectedRevision, mode: 'soft' | 'tombstone'): Promise<unknown> {
    const expectedRevision = expectation(expected);
    const deleted =
      mode === 'soft'
        ? this.client.deleteStream(stream, { expectedRevision: expectedRevision as 'any' })
        : this.client.tombstoneStream(stream, { expectedRevision: expectedRevision as 'any' });
    return orRefusal(deleted.then(({ position }) => (position ? 'deleted' : 'no position')));
  }

  follow(position: Position, prefixes: readonly string[]): Promise<unknown> {
    const filter = streamNameFilter({ prefixes: [...prefixes] });
    const fromPosition = { commit: BigInt(position), prepare: BigInt(position) };
    return orRefusal(untilCaughtUp(this.client.subscribeToAll({ fromPosition, filter })));
  }

  followStream(stream: string, after: number): Promise<unknown> {
    return orRefusal(untilCaughtUp(this.client.subscribeToStream(stream, { fromRevision: BigInt(after) })));
  }
}

function expectation(expected: ExpectedRevision): bigint | 'no_stream' | 'stream_exists' | 'any' {
  if (typeof expected === 'number') return BigInt(expected);
  return ({ none: 'no_stream', exists: 'stream_exists', any: 'any' } as const)[expected];
}

async function all(events: AsyncIterable<ResolvedEvent>): Promise<object[]> {
  const collected: object[] = [];
  for await (const event of events) collected.push(seenByClient(event));
  return collected;
}

type Subscription = ReturnType<EventStoreDBClient['subscribeToAll'] | EventStoreDBClient['subscribeToStream']>;

async function untilCaughtUp(subscription: Subscription): Promise<object[]> {
  const collected: object[] = [];
  subscription.on('data', (event: ResolvedEvent) => collected.push(seenByClient(event)));
  await once(subscription, 'caughtUp');
  await setImmediate();
  await subscription.unsubscribe();
  return collected;
}

function seen(event: Recorded): object {
  const { type, stream, revision, position, recordedAt } = event;
  const { json, data, metadata } = contentOf(event);
  return {
    ...idOf(event.id, stream),
    ...{ type, stream, revision, position, recordedAt },
    data: json ? (JSON.parse(Buffer.from(data).toString()) as unknown) : Buffer.from(data).toString('hex'),
    metadata: metadata.length > 0 ? (JSON.parse(Buffer.from(metadata).toString()) as unknown) : undefined,
  };
}

function seenByClient({ event }: ResolvedEvent): object {
  const { id, type, streamId, revision, position, created, isJson, data, metadata } = event!;
  return {
    ...idOf(id, streamId),
    ...{ type, stream: streamId, revision: Number(revision), position: String(position!.commit) },
    recordedAt: created.toISOString(),
    data: isJson ? data : Buffer.from(data).toString('hex'),
    metadata,
  };
}

/** What the store itself writes has another id in every store. */
function idOf(id: string, stream: string): object {
  return stream.startsWith('$$') || stream === '$settings' ? {} : { id };
}
