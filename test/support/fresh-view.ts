import { randomBytes } from 'node:crypto';
import { comparePositions, type Position, type Recorded, START } from '#kernel/event';
import type { EventFilter } from '#kernel/projection';
import { contentOf, withContent } from '#platform/event-store/event-content';
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
import { checkStreamName, MAX_STREAM_NAME_LENGTH } from '#platform/event-store/stream-name';

/**
 * A store that is in use, shown as an empty one: what was there is left out, and with `apart` the streams get a prefix of their own,
 * so that what others write meanwhile is left out too. Every call goes to the store itself.
 */
export class FreshView implements EventStore {
  readonly shared: boolean;
  /** What the streams are called here, by the name that they have there. */
  readonly #shown = new Map<string, string>();

  static async of(store: EventStore, { apart = false } = {}): Promise<FreshView> {
    const prefix = apart ? `t${randomBytes(6).toString('hex')}.` : '';
    return new FreshView(store, await store.head(), prefix);
  }

  private constructor(
    private readonly store: EventStore,
    private readonly beginning: Position,
    private readonly prefix: string,
  ) {
    this.shared = store.shared;
  }

  append(
    stream: string,
    expected: ExpectedRevision,
    events: readonly NewEvent[],
    options?: AppendOptions,
  ): Promise<Appended> {
    return this.#named(stream, this.store.append(this.#there(stream), expected, events, options));
  }

  async read(stream: string, options?: ReadOptions): Promise<StreamSlice> {
    const slice = await this.#named(stream, this.store.read(this.#there(stream), options));
    return { ...slice, events: slice.events.map((event) => this.#here(event)) };
  }

  async readAll(options: ReadAllOptions = {}): Promise<AllSlice> {
    const backwards = options.direction === 'backwards';
    const position = options.position ?? (backwards ? undefined : START);
    const slice = await this.store.readAll({
      ...options,
      ...this.#what(options),
      position: position && this.#from(position),
    });
    const ours = slice.events.filter((event) => this.#isOurs(event));
    const end = slice.end || (backwards && comparePositions(slice.position, this.beginning) <= 0);
    const events = ours.map((event) => this.#here(event));
    return { events, position: end && backwards ? START : this.#to(slice.position), end };
  }

  subscribe(options: SubscribeOptions = {}): AsyncIterable<SubscriptionMessage> {
    const position = this.#from(options.position ?? START);
    const messages = this.store.subscribe({ ...options, ...this.#what(options), position });
    const shown = (message: SubscriptionMessage): SubscriptionMessage =>
      message.kind === 'event'
        ? { kind: 'event', event: this.#here(message.event) }
        : { ...message, position: this.#to(message.position) };
    return {
      [Symbol.asyncIterator]() {
        const there = messages[Symbol.asyncIterator]();
        return {
          next: async () => {
            const next = await there.next();
            return next.done ? next : { done: false, value: shown(next.value) };
          },
          return: () => there.return!(),
        };
      },
    };
  }

  async find(eventId: string): Promise<Recorded | undefined> {
    const found = await this.store.find(eventId);
    return found && this.#here(found);
  }

  async head(): Promise<Position> {
    return this.#to(await this.store.head());
  }

  delete(stream: string, expected: ExpectedRevision, mode: 'soft' | 'tombstone'): Promise<void> {
    return this.#named(stream, this.store.delete(this.#there(stream), expected, mode));
  }

  metadata(stream: string): Promise<StreamMetadata> {
    return this.#named(stream, this.store.metadata(this.#there(stream)));
  }

  setMetadata(stream: string, metadata: StreamMetadata): Promise<void> {
    return this.#named(stream, this.store.setMetadata(this.#there(stream), metadata));
  }

  restore(events: readonly Recorded[]): Promise<void> {
    return this.store.restore(events.map((event) => this.#renamed(event, this.#there(event.stream))));
  }

  close(): Promise<void> {
    return this.store.close();
  }

  #what({ filter, system }: { filter?: EventFilter; system?: boolean }): { filter?: EventFilter } {
    if (!this.prefix) return { filter };
    const prefixes = filter?.streamPrefixes ?? ['', ...(system ? ['$', '$$'] : [])];
    return { filter: { ...filter, streamPrefixes: prefixes.map((one) => this.#prefixed(one)) } };
  }

  #isOurs({ position }: Recorded): boolean {
    return comparePositions(position, this.beginning) > 0;
  }

  #there(stream: string): string {
    try {
      checkStreamName(stream);
    } catch {
      return stream;
    }
    const there = this.#prefixed(stream);
    this.#shown.set(there, stream);
    return there;
  }

  #prefixed(stream: string): string {
    const [system] = /^\$*/.exec(stream)!;
    return (
      system + `${this.prefix}${stream.slice(system.length)}`.slice(0, MAX_STREAM_NAME_LENGTH - (system.length % 2))
    );
  }

  #here(event: Recorded): Recorded {
    return this.#renamed(event, this.#shown.get(event.stream) ?? event.stream.replace(this.prefix, ''));
  }

  #renamed(event: Recorded, stream: string): Recorded {
    if (stream === event.stream) return event;
    const { json, data, metadata } = contentOf(event);
    return withContent({ ...event, stream }, { data: json ? Buffer.from(data).toString() : data, metadata });
  }

  /** Errors name the stream as it is called here. */
  async #named<T>(stream: string, answer: Promise<T>): Promise<T> {
    return answer.catch((error: unknown) => {
      if (error instanceof Error && 'stream' in error) Object.assign(error, { stream });
      throw error;
    });
  }

  #from(position: Position): Position {
    return position === START ? this.beginning : position;
  }

  #to(position: Position): Position {
    return comparePositions(position, this.beginning) <= 0 ? START : position;
  }
}
