import type { Position, Recorded } from '#kernel/event';
import type {
  AllSlice,
  Appended,
  AppendOptions,
  EventStore,
  ExpectedRevision,
  NewEvent,
  ReadAllOptions,
  ReadOptions,
  StreamMetadata,
  StreamSlice,
  SubscribeOptions,
  SubscriptionMessage,
} from '../event-store/event-store.port.js';
import { returnable } from '../event-store/returnable.js';
import type { Upcasters } from './upcasters.js';

/**
 * An event store whose events come in today's shapes, whatever was stored; what is appended gets the current version of its type.
 * An event that became several has them all under its revision and position, and one that was dropped is not seen: so a slice may
 * have more events than its limit, and revisions gaps.
 */
export class UpcastingEventStore implements EventStore {
  constructor(
    private readonly stored: EventStore,
    private readonly upcasters: Upcasters,
  ) {}

  append(
    stream: string,
    expected: ExpectedRevision,
    events: readonly NewEvent[],
    options?: AppendOptions,
  ): Promise<Appended> {
    return this.stored.append(
      stream,
      expected,
      events.map((event) => this.#stamped(event)),
      options,
    );
  }

  /** Empty only where nothing is left to read: what was dropped is read past. */
  async read(stream: string, options: ReadOptions = {}): Promise<StreamSlice> {
    const { direction = 'forwards' } = options;
    let from = options.from;
    for (;;) {
      const slice = await this.stored.read(stream, { ...options, from });
      const events = this.upcasters.lift(slice.events, direction);
      const last = slice.events.at(-1);
      if (events.length > 0 || !last) return { ...slice, events };
      from = direction === 'forwards' ? last.revision + 1 : last.revision - 1;
      if (from < 0) return { ...slice, events };
    }
  }

  async readAll(options: ReadAllOptions = {}): Promise<AllSlice> {
    const { filter, direction } = options;
    const slice = await this.stored.readAll({ ...options, filter: filter && this.upcasters.storedFilter(filter) });
    const lifted = this.upcasters.lift(slice.events, direction);
    return { ...slice, events: lifted.filter(asked(filter?.types)) };
  }

  subscribe(options: SubscribeOptions = {}): AsyncIterable<SubscriptionMessage> {
    return returnable((signal) => this.#messages({ ...options, signal }), options.signal);
  }

  /** The first of what it is today; as it was stored where it was dropped. */
  async find(eventId: string): Promise<Recorded | undefined> {
    const event = await this.stored.find(eventId);
    return event && (this.upcasters.liftOne(event)[0] ?? event);
  }

  head(): Promise<Position> {
    return this.stored.head();
  }

  delete(stream: string, expected: ExpectedRevision, mode: 'soft' | 'tombstone'): Promise<void> {
    return this.stored.delete(stream, expected, mode);
  }

  metadata(stream: string): Promise<StreamMetadata> {
    return this.stored.metadata(stream);
  }

  setMetadata(stream: string, metadata: StreamMetadata): Promise<void> {
    return this.stored.setMetadata(stream, metadata);
  }

  restore(events: readonly Recorded[]): Promise<void> {
    return this.stored.restore(events);
  }

  get shared(): boolean {
    return this.stored.shared;
  }

  close(): Promise<void> {
    return this.stored.close();
  }

  async *#messages(options: SubscribeOptions): AsyncGenerator<SubscriptionMessage, undefined> {
    const { filter } = options;
    const isAsked = asked(filter?.types);
    const messages = this.stored.subscribe({ ...options, filter: filter && this.upcasters.storedFilter(filter) });
    for await (const message of messages) {
      if (message.kind !== 'event') {
        yield message;
        continue;
      }
      const events = this.upcasters.liftOne(message.event).filter(isAsked);
      for (const event of events) yield { kind: 'event', event };
      if (events.length === 0) yield { kind: 'checkpoint', position: message.event.position };
    }
    return undefined;
  }

  #stamped(event: NewEvent): NewEvent {
    const schemaVersion = this.upcasters.currentVersion(event.type);
    return schemaVersion === 1 ? event : { ...event, metadata: { ...event.metadata, schemaVersion } };
  }
}

/** Whether an event is among those asked for: the stored filter lets through what may only become one of them. */
function asked(types: readonly string[] | undefined): (event: Recorded) => boolean {
  const wanted = types && new Set(types);
  return ({ type }) => !wanted || wanted.has(type);
}
