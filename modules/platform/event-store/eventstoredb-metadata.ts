import { randomUUID } from 'node:crypto';
import type { Recorded } from '#kernel/event';
import type { JsonObject } from '#kernel/json';
import { contentOf } from './event-content.js';
import { StreamDeleted, WrongExpectedRevision } from './event-store.errors.js';
import type { StreamMetadata } from './event-store.port.js';
import type { Appender } from './eventstoredb-appender.js';
import type { HiddenPasts } from './eventstoredb-hidden.js';
import { backOff } from './eventstoredb-patience.js';
import type { EventStoreDbReader } from './eventstoredb-reader.js';
import {
  formatDeletion,
  formatForeboding,
  formatMetadata,
  METADATA_TYPE,
  metadataObject,
  readMetadata,
  TOMBSTONE_TYPE,
} from './stream-metadata.js';
import { metadataStreamOf } from './stream-name.js';

/** The streams `$$<name>`. */
export class MetadataStreams {
  /** Resolves when what all streams hide is known. */
  known: Promise<void>;

  constructor(
    private readonly reader: EventStoreDbReader,
    private readonly appender: Appender,
    private readonly hidden: HiddenPasts,
  ) {}

  /** Goes through the metadata of all streams, which the server filters. What comes meanwhile the live tail brings. */
  learn(closed: AbortSignal): void {
    this.known = this.#learn(closed).then(() => void (this.hidden.isComplete = !closed.aborted));
  }

  async of(stream: string): Promise<StreamMetadata> {
    if (stream.startsWith('$$')) return {};
    const { event } = await this.#last(stream);
    return event ? readMetadata(textOf(event)).metadata : {};
  }

  /** Keys that are not ours, such as `$acl`, stay. So does a soft deletion, which in EventStoreDB is a part of the metadata. */
  async set(stream: string, metadata: StreamMetadata): Promise<void> {
    await this.#change(stream, (current, isDeleted) => {
      const text = formatMetadata(metadata, current);
      return isDeleted ? formatDeletion(JSON.parse(text) as JsonObject) : text;
    });
    await this.refresh(stream);
  }

  /** Before a soft deletion: the events before the revision are to stay hidden, whatever is said of the stream later. */
  async foretellDeletion(stream: string, deletedBefore: number): Promise<void> {
    await this.#change(stream, (current, isDeleted) =>
      isDeleted ? undefined : formatForeboding(current, deletedBefore),
    );
  }

  /** Takes in what this process has just changed. */
  async refresh(stream: string): Promise<void> {
    const { event } = await this.#last(stream);
    if (event) this.hidden.describe(stream, event);
  }

  /** Says something new of the stream. Where somebody else is faster, it is said of what they left. */
  async #change(
    stream: string,
    describe: (current: JsonObject, isDeleted: boolean) => string | undefined,
  ): Promise<void> {
    for (;;) {
      const { event, revision } = await this.#last(stream);
      const data = describe(event ? objectOf(event) : {}, event !== undefined && readMetadata(textOf(event)).deleted);
      if (data === undefined) return;
      try {
        await this.appender.append({
          stream: metadataStreamOf(stream),
          expected: revision < 0 ? 'none' : revision,
          events: [{ id: randomUUID(), type: METADATA_TYPE, data, metadata: '{}' }],
        });
        return;
      } catch (error) {
        if (!(error instanceof WrongExpectedRevision)) throw error;
      }
    }
  }

  /** What was said last, and the metadata stream's last revision. */
  async #last(stream: string): Promise<{ event: Recorded | undefined; revision: number }> {
    // Whoever may write there may have written something else last.
    for (let count = 1; ; count *= 10) {
      const page = await this.reader.page(metadataStreamOf(stream), { backwards: true, count });
      const events = page?.events ?? [];
      if (events[0]?.type === TOMBSTONE_TYPE) throw new StreamDeleted(stream);
      const found = events.find(({ type }) => type === METADATA_TYPE);
      if (found || events.length < count) return { event: found, revision: events[0]?.revision ?? -1 };
    }
  }

  async #learn(closed: AbortSignal): Promise<void> {
    for (const filter of [{ streamPrefixes: ['$$'] }, { types: [TOMBSTONE_TYPE] }]) {
      let position: string | undefined;
      for (let failures = 0, end = false; !end && !closed.aborted;) {
        try {
          const slice = await this.reader.all({ position, filter, system: true });
          for (const event of slice.events) this.hidden.take(event);
          ({ position, end } = slice);
        } catch {
          await backOff(failures++, closed);
        }
      }
    }
  }
}

function objectOf(event: Recorded): JsonObject {
  try {
    return metadataObject(textOf(event));
  } catch {
    return {};
  }
}

function textOf(event: Recorded): string {
  return Buffer.from(contentOf(event).data).toString();
}
