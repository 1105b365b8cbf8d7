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
} from '#platform/event-store/event-store.port';

/** A real event store that counts the events read from its streams: what reading costs, whatever the machine. */
export class CountingEventStore implements EventStore {
  eventsRead = 0;

  constructor(public inner: EventStore) {}

  get shared(): boolean {
    return this.inner.shared;
  }

  async read(stream: string, options?: ReadOptions): Promise<StreamSlice> {
    const slice = await this.inner.read(stream, options);
    this.eventsRead += slice.events.length;
    return slice;
  }

  append(
    stream: string,
    expected: ExpectedRevision,
    events: readonly NewEvent[],
    options?: AppendOptions,
  ): Promise<Appended> {
    return this.inner.append(stream, expected, events, options);
  }

  readAll(options?: ReadAllOptions): Promise<AllSlice> {
    return this.inner.readAll(options);
  }

  subscribe(options?: SubscribeOptions): AsyncIterable<SubscriptionMessage> {
    return this.inner.subscribe(options);
  }

  find(eventId: string): Promise<Recorded | undefined> {
    return this.inner.find(eventId);
  }

  head(): Promise<Position> {
    return this.inner.head();
  }

  delete(stream: string, expected: ExpectedRevision, mode: 'soft' | 'tombstone'): Promise<void> {
    return this.inner.delete(stream, expected, mode);
  }

  metadata(stream: string): Promise<StreamMetadata> {
    return this.inner.metadata(stream);
  }

  setMetadata(stream: string, metadata: StreamMetadata): Promise<void> {
    return this.inner.setMetadata(stream, metadata);
  }

  restore(events: readonly Recorded[]): Promise<void> {
    return this.inner.restore(events);
  }

  close(): Promise<void> {
    return this.inner.close();
  }
}
