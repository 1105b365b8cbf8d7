import type { Clock } from '#kernel/clock';
import { StreamDeleted, WrongExpectedRevision } from '#platform/event-store/event-store.errors';
import type { ExpectedRevision, StreamMetadata } from '#platform/event-store/event-store.port';

interface ModelStream {
  events: { id: string; place: number; recordedAt: number }[];
  state: 'live' | 'deleted' | 'tombstone';
  deletedBefore: number;
  metadata: StreamMetadata;
}

/** What the port says, in the shortest words that run: arrays in memory. Events are their ids. */
export class EventStoreModel {
  readonly #streams = new Map<string, ModelStream>();
  #places = 0;

  constructor(private readonly clock: Clock) {}

  append(name: string, expected: ExpectedRevision, ids: readonly string[]): number {
    const stream = this.#stream(name);
    if (expected === 'exists') this.#check(name, stream, expected);
    const anywhere = expected === 'any' || expected === 'exists';
    const starts = anywhere
      ? [...stream.events.keys()].filter((revision) => stream.events[revision]!.id === ids[0])
      : expected === 'none'
        ? [0, stream.deletedBefore]
        : [expected + 1];
    for (const start of starts) {
      if (ids.every((id, i) => stream.events[start + i]?.id === id)) return start + ids.length - 1;
    }
    if (anywhere && starts.length > 0) throw new WrongExpectedRevision(name, expected, stream.events.length - 1);
    this.#check(name, stream, expected);
    const recordedAt = this.clock.now().getTime();
    if (stream.state === 'deleted') stream.metadata = { ...stream.metadata, truncateBefore: stream.deletedBefore };
    for (const id of ids) stream.events.push({ id, place: ++this.#places, recordedAt });
    stream.state = 'live';
    return stream.events.length - 1;
  }

  delete(name: string, expected: ExpectedRevision, mode: 'soft' | 'tombstone'): void {
    const stream = this.#stream(name);
    this.#check(name, stream, expected);
    if (mode === 'soft' && (stream.state === 'deleted' || stream.events.length === 0)) return;
    if (mode === 'soft') this.describe(name, stream.metadata, true);
    else stream.state = 'tombstone';
  }

  setMetadata(name: string, metadata: StreamMetadata): void {
    const { state, deletedBefore } = this.#stream(name);
    // What went with a deletion stays hidden.
    const truncateBefore = Math.max(metadata.truncateBefore ?? 0, state === 'live' ? deletedBefore : 0);
    this.describe(name, truncateBefore > 0 ? { ...metadata, truncateBefore } : metadata, state === 'deleted');
  }

  /** What an event of the metadata stream says; a soft deletion takes the place of `truncateBefore`. */
  describe(name: string, metadata: StreamMetadata, deletes: boolean): void {
    const stream = this.#stream(name);
    const { truncateBefore: _, ...others } = metadata;
    stream.metadata = deletes ? others : metadata;
    if (!deletes) return;
    stream.state = 'deleted';
    stream.deletedBefore = stream.events.length;
  }

  metadata(name: string): StreamMetadata {
    return this.#stream(name).metadata;
  }

  read(name: string) {
    const stream = this.#stream(name);
    const status = stream.state === 'live' && stream.events.length > 0 ? 'present' : 'missing';
    return { status, ids: visible(stream, this.clock).map(({ id }) => id), lastRevision: stream.events.length - 1 };
  }

  readAll(): string[] {
    const all = [...this.#streams.values()].flatMap((stream) => visible(stream, this.clock));
    return all.sort((a, b) => a.place - b.place).map(({ id }) => id);
  }

  #stream(name: string): ModelStream {
    const stream = this.#streams.get(name) ?? emptyStream();
    this.#streams.set(name, stream);
    if (stream.state === 'tombstone') throw new StreamDeleted(name);
    return stream;
  }

  #check(name: string, { state, events }: ModelStream, expected: ExpectedRevision): void {
    const last = events.length - 1;
    const there = state === 'live' && last >= 0;
    const met = { any: true, none: !there, exists: there }[expected] ?? expected === last;
    if (!met) throw new WrongExpectedRevision(name, expected, there ? last : -1);
  }
}

function emptyStream(): ModelStream {
  return { events: [], state: 'live', deletedBefore: 0, metadata: {} };
}

function visible({ events, state, deletedBefore, metadata }: ModelStream, clock: Clock): ModelStream['events'] {
  if (state !== 'live') return [];
  const { maxCount = Infinity, maxAge = Infinity, truncateBefore = 0 } = metadata;
  return events.filter(
    ({ recordedAt }, revision) =>
      revision >= Math.max(deletedBefore, truncateBefore, events.length - maxCount) &&
      recordedAt >= clock.now().getTime() - maxAge * 1_000,
  );
}
