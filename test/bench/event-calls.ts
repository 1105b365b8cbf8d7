import { EventStoreDBClient, excludeSystemEvents, jsonEvent, NO_STREAM } from '@eventstore/db-client';
import { randomUUID } from 'node:crypto';
import type { Position } from '#kernel/event';
import type { EventStore } from '#platform/event-store/event-store.port';
import type { Effort } from './bench.js';
import type { Aim, Figure } from './report/figure.js';
import { inTurns, perSecond, secondsOf } from './rounds.js';
import { anOrder, seedThings, thingEvent } from './seed.js';

/** What is asked of an event store: the same, whoever is asked. */
interface EventCalls extends AsyncDisposable {
  /** One event into a new stream. */
  append(stream: string): Promise<unknown>;
  /** All events of a stream, parsed; their number. */
  read(stream: string): Promise<number>;
  /** Subscribes to everything after the position, and ends when so many events have come. */
  catchUp(after: Position, events: number): Promise<void>;
}

/** Somebody to ask, made anew for each turn: whoever follows the store does so at nobody else's cost. */
export interface Asked {
  readonly name: string;
  /** Where the events come from that are read. */
  readonly store: EventStore;
  open(): Promise<EventCalls>;
}

const APPENDS_AT_ONCE = 64;
const READS_AT_ONCE = 8;
const STREAM_LENGTH = 100;
/** Of two stores with three figures each. */
const MOST_ROUNDS = 3;
/** Of the effort's events: the rest would add nothing but time. */
const PART = 1 / 10;

/** Asks both in turns. */
export async function* sideBySide(
  { rounds, seconds, events: all }: Effort,
  measured: Asked,
  ceiling: Asked,
  aim?: Aim,
): AsyncGenerator<Figure> {
  const events = all * PART;
  const noun = `Order${randomUUID().slice(0, 8)}`;
  const starts = new Map<EventStore, Position>();
  for (const store of new Set([measured.store, ceiling.store])) {
    starts.set(store, await store.head());
    await seedThings(store, noun, events / STREAM_LENGTH, STREAM_LENGTH);
  }
  let [streams, reads] = [0, 0];

  const read = async (calls: EventCalls): Promise<void> => {
    const found = await calls.read(`main.${noun}-seed-${reads++ % (events / STREAM_LENGTH)}`);
    if (found !== STREAM_LENGTH) throw new Error(`There were ${found} events, not ${STREAM_LENGTH}.`);
  };
  const figures: [name: string, unit: string, measure: (calls: EventCalls, start: Position) => Promise<number>][] = [
    [
      `read of ${STREAM_LENGTH} events, ${READS_AT_ONCE} at once`,
      'events/s',
      async (calls) => STREAM_LENGTH * (await perSecond(seconds / 2, READS_AT_ONCE, () => read(calls))),
    ],
    [
      `catch-up, ${events.toLocaleString('en')} events`,
      'events/s',
      async (calls, start) => events / (await secondsOf(() => calls.catchUp(start, events))),
    ],
    [
      `append, ${APPENDS_AT_ONCE} at once`,
      'events/s',
      (calls) => perSecond(seconds, APPENDS_AT_ONCE, () => calls.append(`main.${noun}-${streams++}`)),
    ],
  ];
  for (const [name, unit, measure] of figures) {
    const turn = async (asked: Asked): Promise<number> => {
      await using calls = await asked.open();
      await read(calls); // connects
      // Awaited here: they must not be closed before.
      return await measure(calls, starts.get(asked.store)!);
    };
    const samples = await inTurns(Math.min(rounds, MOST_ROUNDS), {
      measured: () => turn(measured),
      ceiling: () => turn(ceiling),
    });
    const beside = { name: ceiling.name, samples: samples.ceiling };
    yield { name: `${measured.name}, ${name}`, unit, samples: samples.measured, ceiling: beside, ...(aim && { aim }) };
  }
}

export function throughPort(store: EventStore, dispose: () => Promise<void> = async () => {}): EventCalls {
  return {
    append: (stream) => store.append(stream, 'none', [thingEvent('Order.created', { data: anOrder })]),
    read: async (stream) => (await store.read(stream)).events.length,
    async catchUp(position, events) {
      let seen = 0;
      for await (const { kind } of store.subscribe({ position })) {
        if (kind === 'event' && ++seen === events) return;
      }
    },
    [Symbol.asyncDispose]: dispose,
  };
}

export function throughClient(url: string): EventCalls {
  const client = EventStoreDBClient.connectionString(url);
  return {
    append(stream) {
      const { id, type, data, metadata } = thingEvent('Order.created', { data: anOrder });
      const event = jsonEvent({ id, type, data: { ...data }, metadata: { ...metadata } });
      return client.appendToStream(stream, event, { expectedRevision: NO_STREAM });
    },
    async read(stream) {
      let events = 0;
      for await (const { event } of client.readStream(stream)) if (event) events++;
      return events;
    },
    async catchUp(after, events) {
      const position = BigInt(after);
      const subscription = client.subscribeToAll({
        fromPosition: { commit: position, prepare: position },
        filter: excludeSystemEvents(),
      });
      let seen = 0;
      for await (const { event } of subscription) if (event && ++seen === events) break;
      await subscription.unsubscribe();
    },
    [Symbol.asyncDispose]: () => client.dispose(),
  };
}
