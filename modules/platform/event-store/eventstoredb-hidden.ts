import type { Clock } from '#kernel/clock';
import { comparePositions, type Position, type Recorded } from '#kernel/event';
import { contentOf } from './event-content.js';
import type { StreamMetadata } from './event-store.port.js';
import { METADATA_TYPE, readMetadata, TOMBSTONE_TYPE } from './stream-metadata.js';

interface HidingStream {
  readonly metadata: StreamMetadata;
  readonly state: 'live' | 'deleted' | 'tombstone';
  /** Where it was described last; what is older does not count. */
  readonly position: Position;
}

/** Revision of a stream's last event, -1 where there is none. */
export type LastRevision = (stream: string) => Promise<number>;

/**
 * What streams hide of their past. EventStoreDB leaves it out where one stream is read; in the global order it stays until it is
 * scavenged. So every process keeps the metadata of all streams that have some.
 */
export class HiddenPasts {
  /** Whether all streams that hide something are known. */
  isComplete = false;
  readonly #streams = new Map<string, HidingStream>();

  constructor(private readonly clock: Clock) {}

  /** Takes in an event of the global order: whether it changes what a stream hides. */
  take(event: Recorded): void {
    const { stream, type, position } = event;
    if (type === TOMBSTONE_TYPE) {
      const name = stream.startsWith('$$') ? stream.slice(2) : stream;
      this.#streams.set(name, { metadata: {}, state: 'tombstone', position });
    } else if (!stream.startsWith('$$')) this.#appended(stream, event.revision, position);
    else if (type === METADATA_TYPE) this.describe(stream.slice(2), event);
  }

  /** The stream's newest `$metadata` event. */
  describe(stream: string, event: Recorded): void {
    const known = this.#streams.get(stream);
    if (known && (known.state === 'tombstone' || comparePositions(known.position, event.position) >= 0)) return;
    const { data } = contentOf(event);
    const { metadata, deleted } = readMetadata(Buffer.from(data).toString());
    this.#streams.set(stream, { metadata, state: deleted ? 'deleted' : 'live', position: event.position });
  }

  entomb(stream: string, position: Position): void {
    this.#streams.set(stream, { metadata: {}, state: 'tombstone', position });
  }

  /** Whether the stream hides nothing, as far as this process has heard. */
  isOpen(stream: string): boolean {
    return this.isComplete && !this.#streams.has(stream);
  }

  isDeleted(stream: string): boolean {
    return this.#streams.get(stream)?.state === 'deleted';
  }

  /** Those of the events that can be seen. */
  async visible(events: readonly Recorded[], lastRevision: LastRevision): Promise<readonly Recorded[]> {
    if (!events.some(({ stream }) => this.#streams.has(stream))) return events;
    const lasts = new Map<string, number>();
    for (const { stream } of events) {
      if (lasts.has(stream) || this.#streams.get(stream)?.metadata.maxCount === undefined) continue;
      lasts.set(stream, await lastRevision(stream));
    }
    return events.filter((event) => this.#isVisible(event, lasts.get(event.stream)));
  }

  /** Leaves out what is too old by the time at which another store recorded it, which the server does not know. */
  young(events: readonly Recorded[]): readonly Recorded[] {
    return events.filter((event) => this.#isYoung(event, this.#streams.get(event.stream)?.metadata.maxAge));
  }

  /** An event after a soft deletion: from it on the stream is there again. */
  #appended(stream: string, revision: number, position: Position): void {
    const known = this.#streams.get(stream);
    if (known?.state !== 'deleted' || comparePositions(known.position, position) >= 0) return;
    const metadata = { ...known.metadata, truncateBefore: revision };
    this.#streams.set(stream, { metadata, state: 'live', position: known.position });
  }

  #isVisible(event: Recorded, last = -1): boolean {
    const { stream, revision } = event;
    const known = this.#streams.get(stream);
    if (!known) return true;
    const { truncateBefore = 0, maxCount = Infinity, maxAge } = known.metadata;
    if (known.state !== 'live' || revision < truncateBefore || revision <= last - maxCount) return false;
    return this.#isYoung(event, maxAge);
  }

  #isYoung({ recordedAt }: Recorded, maxAge: number | undefined): boolean {
    return maxAge === undefined || Date.parse(recordedAt) >= this.clock.now().getTime() - maxAge * 1_000;
  }
}
