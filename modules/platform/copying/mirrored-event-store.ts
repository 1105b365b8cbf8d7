import type { Position, Recorded } from '#kernel/event';
import { storedContentOf, withContent } from '../event-store/event-content.js';
import { StoreUnavailable } from '../event-store/event-store.errors.js';
import type {
  AllSlice,
  AppendOptions,
  Appended,
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
import { Follower, type FollowerStatus } from './follower.js';

/** Milliseconds that a write waits until the mirror has it, where reads come from the mirror. */
const WAIT_FOR_MIRROR = 10_000;

/**
 * A store and a copy that is kept beside it, for a gradual move. The store decides: an append is checked and answered by it, and
 * its order is the order of both. Reads come from the store or, to try the new one out, from the mirror; then a write is answered
 * when the mirror has it, so that everybody reads what was answered, and positions are the mirror's.
 */
export class MirroredEventStore implements EventStore {
  readonly #follower: Follower;
  /** Writes that the store has taken and the mirror perhaps not. */
  readonly #accepted = new Set<Promise<unknown>>();
  #closed: Promise<void> | undefined;

  /** Resolves when the mirror has everything that the store had. Rejects with NotACopy. Closes both where it rejects. */
  static async open(store: EventStore, mirror: EventStore, readFrom: 'store' | 'mirror'): Promise<MirroredEventStore> {
    const mirrored = new MirroredEventStore(store, mirror, readFrom === 'mirror');
    try {
      await mirrored.#follower.start();
      return mirrored;
    } catch (error) {
      await mirrored.close();
      throw error;
    }
  }

  private constructor(
    private readonly store: EventStore,
    private readonly mirror: EventStore,
    private readonly readsMirror: boolean,
  ) {
    this.#follower = new Follower(store, mirror);
  }

  get shared(): boolean {
    return this.store.shared || this.readsMirror;
  }

  /** How far the mirror is. */
  get mirroring(): FollowerStatus {
    return this.#follower.status;
  }

  append(
    stream: string,
    expected: ExpectedRevision,
    events: readonly NewEvent[],
    options?: AppendOptions,
  ): Promise<Appended> {
    return this.#write(async () => {
      const appended = await this.store.append(stream, expected, events, options);
      if (!this.readsMirror) return appended;
      await this.#mirrored(appended.position);
      return { ...appended, position: await this.#mirrorPosition(stream, appended.revision) };
    });
  }

  read(stream: string, options?: ReadOptions): Promise<StreamSlice> {
    return this.#read.read(stream, options);
  }

  readAll(options?: ReadAllOptions): Promise<AllSlice> {
    return this.#read.readAll(options);
  }

  subscribe(options?: SubscribeOptions): AsyncIterable<SubscriptionMessage> {
    return this.#read.subscribe(options);
  }

  async find(eventId: string): Promise<Recorded | undefined> {
    const event = await this.store.find(eventId);
    if (!event || !this.readsMirror) return event;
    await this.#mirrored(event.position);
    const copy = await this.mirror.find(eventId);
    if (copy) return copy;
    const position = await this.#mirrorPosition(event.stream, event.revision);
    return withContent({ ...event, position }, storedContentOf(event));
  }

  head(): Promise<Position> {
    return this.#read.head();
  }

  delete(stream: string, expected: ExpectedRevision, mode: 'soft' | 'tombstone'): Promise<void> {
    return this.#writeAll(() => this.store.delete(stream, expected, mode));
  }

  metadata(stream: string): Promise<StreamMetadata> {
    return this.store.metadata(stream);
  }

  setMetadata(stream: string, metadata: StreamMetadata): Promise<void> {
    return this.#writeAll(() => this.store.setMetadata(stream, metadata));
  }

  restore(events: readonly Recorded[]): Promise<void> {
    return this.#writeAll(() => this.store.restore(events));
  }

  /** Finishes what was accepted; what the mirror lacks then comes with the next start. */
  close(): Promise<void> {
    return (this.#closed ??= this.#close());
  }

  async #close(): Promise<void> {
    await Promise.allSettled(this.#accepted);
    await this.#follower.stop();
    await this.store.close();
    await this.mirror.close();
  }

  #writeAll(write: () => Promise<void>): Promise<void> {
    return this.#write(async () => {
      await write();
      if (this.readsMirror) await this.#mirrored(await this.store.head());
    });
  }

  #write<T>(write: () => Promise<T>): Promise<T> {
    if (this.#closed) return Promise.reject(new StoreUnavailable('The event store is closed.'));
    const written = write();
    this.#accepted.add(written);
    written.finally(() => this.#accepted.delete(written)).catch(() => {}); // told to the caller
    return written;
  }

  get #read(): EventStore {
    return this.readsMirror ? this.mirror : this.store;
  }

  async #mirrored(position: Position): Promise<void> {
    const timeout = AbortSignal.timeout(WAIT_FOR_MIRROR);
    await this.#follower.reached(position, timeout);
    if (!timeout.aborted) return;
    const { error = 'It is behind.' } = this.#follower.status;
    throw new StoreUnavailable(
      `It is stored, but the store that is read from does not have it yet: ${error} Try again.`,
    );
  }

  async #mirrorPosition(stream: string, revision: number): Promise<Position> {
    const { events } = await this.mirror.read(stream, { from: revision, limit: 1 });
    return events[0]?.position ?? (await this.mirror.head());
  }
}
