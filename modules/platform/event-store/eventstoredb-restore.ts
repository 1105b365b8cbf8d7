import { LRUCache } from 'lru-cache';
import type { Clock } from '#kernel/clock';
import { type Position, type Recorded, START } from '#kernel/event';
import { StoreUnavailable, StreamDeleted, WrongExpectedRevision } from './event-store.errors.js';
import type { Answer, Append, BatchAppends } from './eventstoredb-batch.js';
import { AppendRejected, AppendTooLarge, CopyOutOfOrder, type Rejection } from './eventstoredb-errors.js';
import type { StoredEvent } from './eventstoredb-event.js';
import { backOff } from './eventstoredb-patience.js';
import type { EventStoreDbReader } from './eventstoredb-reader.js';
import { APPEND_EVENTS, gapEvent, type RestoredRun, restoredSteps } from './eventstoredb-restored-run.js';
import { METADATA_TYPE, parseMetadata, TOMBSTONE_TYPE } from './stream-metadata.js';
import { describedStreamOf } from './stream-name.js';

/** Appends that are under way at once. */
const WINDOW = 64;
/** What is larger goes alone: the server may refuse it, and then nothing that follows it must be there. */
const ALONE_BYTES = 64 * 2 ** 10;
const ATTEMPTS = 12;
/** Streams whose last revision is remembered from one call to the next. */
const REMEMBERED = 100_000;

/**
 * Takes events over from another store in their order. The appends of a window are under way together; the server carries them out
 * one after the other, and where the connection breaks it has carried out the first part of them. So the rest is sent again from
 * the first one that is missing, and the order holds. What the server may refuse goes alone. A server may still fail in one append
 * and carry out the next: after every loss it is looked how the events stand, and where they are not in their order, nobody is told
 * that they are.
 */
export class Restoration {
  readonly #lasts = new LRUCache<string, number>({ max: REMEMBERED });
  #window: Append[] = [];
  #turn = Promise.resolve();
  /** Everything that the present call sends comes behind it. */
  #start: Position = START;

  constructor(
    private readonly batch: BatchAppends,
    private readonly reader: EventStoreDbReader,
    private readonly lastRevision: (stream: string) => Promise<number>,
    private readonly entomb: (stream: string) => Promise<void>,
    private readonly clock: Clock,
  ) {}

  /** One call after the other. */
  restore(events: readonly Recorded[]): Promise<void> {
    const restored = this.#turn.then(() => this.#restore(events));
    this.#turn = restored.catch(() => {
      // What was meant to be there may not be.
      this.#lasts.clear();
      this.#window = [];
    });
    return restored;
  }

  /** Looks at what stands there already before it sends anything. */
  async #restore(events: readonly Recorded[]): Promise<void> {
    const ending = new Set(events.filter(({ type }) => type === TOMBSTONE_TYPE).map(({ stream }) => stream.slice(2)));
    const missing = await this.#missing(events, ending);
    if (missing.length === 0) return;
    this.#start = await this.reader.head();
    for (const step of restoredSteps(missing, this.clock.now())) {
      if ('tombstone' in step) {
        await this.#flush();
        await this.entomb(step.tombstone);
      } else {
        await this.#fillGap(step);
        for (const signpost of step.signposts) await this.#add(signpost);
        if (step.bytes > ALONE_BYTES || describedStreamOf(step.stream) !== undefined) await this.#addAlone(step);
        else await this.#add(step);
      }
    }
    await this.#flush();
  }

  /** Those of the events that do not stand here yet. Rejects where others stand in their place. */
  async #missing(events: readonly Recorded[], ending: ReadonlySet<string>): Promise<readonly Recorded[]> {
    const byStream = Map.groupBy(
      events.filter(({ type }) => type !== TOMBSTONE_TYPE),
      ({ stream }) => stream,
    );
    const standing = await Promise.all(
      [...byStream].map(([stream, of]) =>
        this.#standing(stream, of, ending.has(describedStreamOf(stream) ?? stream)).then(
          (ids) => [stream, ids] as const,
        ),
      ),
    );
    const idsOf = new Map(standing);
    return events.filter(({ stream, id, type }) => type === TOMBSTONE_TYPE || !idsOf.get(stream)!.has(id));
  }

  /** The ids of those of one stream's events that stand there. */
  async #standing(stream: string, events: readonly Recorded[], isEnding: boolean): Promise<ReadonlySet<string>> {
    const ids = new Set(events.map(({ id }) => id));
    try {
      // The server adds metadata of its own where a deleted stream is appended to, and may keep the last only: revisions differ then.
      if (describedStreamOf(stream) !== undefined) return await this.#among(stream, ids);
      return await this.#before(stream, events);
    } catch (error) {
      // A repeated copy finds its own tombstone.
      if (error instanceof StreamDeleted && isEnding) return ids;
      throw error;
    }
  }

  async #before(stream: string, events: readonly Recorded[]): Promise<ReadonlySet<string>> {
    const last = this.#lasts.get(stream) ?? (await this.lastRevision(stream));
    this.#lasts.set(stream, last);
    const revisions = events.map(({ revision }) => revision);
    const isSorted = revisions.every((revision, i) => i === 0 || revision > revisions[i - 1]!);
    const first = events[0]!.revision;
    const count = Math.min(last, revisions.at(-1)!) - first + 1;
    const page = isSorted && count > 0 ? await this.reader.page(stream, { from: first, count }) : undefined;
    const ids = new Map(page?.events.map(({ revision, id }) => [revision, id]));
    const isOther = ({ revision, id }: Recorded): boolean => revision <= last && (ids.get(revision) ?? id) !== id;
    if (!isSorted || events.some(isOther)) throw new WrongExpectedRevision(stream, first - 1, last);
    return new Set(events.filter(({ revision }) => revision <= last).map(({ id }) => id));
  }

  async #among(stream: string, ids: ReadonlySet<string>): Promise<ReadonlySet<string>> {
    const page = await this.reader.page(stream, { backwards: true, count: REMEMBERED });
    return new Set(page?.events.map(({ id }) => id).filter((id) => ids.has(id)));
  }

  async #add(append: Append): Promise<void> {
    this.#window.push(append);
    if (this.#window.length >= WINDOW) await this.#flush();
  }

  async #addAlone(append: Append): Promise<void> {
    await this.#flush();
    await this.#send([append]);
  }

  async #flush(): Promise<void> {
    const window = this.#window;
    this.#window = [];
    await this.#send(window);
  }

  async #send(appends: readonly Append[]): Promise<void> {
    let from = 0;
    let isCertain = true;
    for (let failures = 0; from < appends.length; failures++) {
      const sent = appends.slice(from);
      const answers = await Promise.all(
        sent.map((append) => new Promise<Answer>((resolve) => this.batch.send(append, resolve))),
      );
      const lost = answers.findIndex(({ kind }) => kind === 'unsettled');
      const settled = lost < 0 ? answers.length : lost;
      for (let i = 0; i < settled; i++) await this.#check(sent[i]!, answers[i]!);
      from += settled;
      if (lost < 0) break;
      isCertain = false;
      if (settled > 0) failures = 0;
      if (failures >= ATTEMPTS) {
        throw new StoreUnavailable('The event store does not take the events. Repeat the copy: it goes on from there.');
      }
      await backOff(failures);
    }
    if (!isCertain) await this.#checkOrder(appends);
  }

  /** Rejects with CopyOutOfOrder. */
  async #checkOrder(appends: readonly Append[]): Promise<void> {
    const nameOf = (stream: string, id: string): string => `${id} ${stream}`;
    const names = appends.flatMap(({ stream, events }) => events.map(({ id }) => nameOf(stream, id)));
    const places = new Map(names.map((name, place) => [name, place]));
    let last = -1;
    for (let position = this.#start, end = false; !end;) {
      const slice = await this.reader.all({ position, system: true, hidden: true });
      for (const { stream, id } of slice.events) {
        const place = places.get(nameOf(stream, id)) ?? last;
        if (place < last) throw new CopyOutOfOrder();
        last = place;
      }
      ({ position, end } = slice);
    }
  }

  async #check(append: Append, answer: Answer): Promise<void> {
    if (answer.kind === 'too-large') throw new AppendTooLarge(append.stream, answer.limit);
    if (answer.kind === 'rejected') return this.#sendWithoutNonsense(append, answer);
    if (answer.kind === 'refused' && describedStreamOf(append.stream) !== undefined) {
      return this.#send([{ ...append, expected: 'any' }]);
    }
    if (answer.kind === 'refused') throw new WrongExpectedRevision(append.stream, append.expected, answer.current);
    if (answer.kind === 'deleted') throw new StreamDeleted(append.stream);
  }

  /** EventStoreDB takes as metadata what is none and makes nothing of it; our front refuses it. So there nothing is said. */
  async #sendWithoutNonsense({ stream, expected, events }: Append, answer: Rejection): Promise<void> {
    const sense = events.map((event) => (isNonsense(stream, event) ? { ...event, data: '{}' } : event));
    if (sense.every((event, i) => event === events[i])) throw new AppendRejected('the other end', answer);
    await this.#send([{ stream, expected, events: sense }]);
  }

  /** Where the other store has lost events, others stand in their place, so that revisions stay what they were. */
  async #fillGap({ stream, expected, events }: RestoredRun): Promise<void> {
    const before = expected === 'none' ? -1 : expected;
    if (describedStreamOf(stream) === undefined) {
      const last = this.#lasts.get(stream) ?? -1;
      for (let revision = last; revision < before; revision += APPEND_EVENTS) {
        const count = Math.min(APPEND_EVENTS, before - revision);
        const gap = Array.from({ length: count }, (_, i) => gapEvent(stream, revision + 1 + i));
        await this.#add({ stream, expected: revision < 0 ? 'none' : revision, events: gap });
      }
    }
    this.#lasts.set(stream, before + events.length);
  }
}

function isNonsense(stream: string, { type, data }: StoredEvent): boolean {
  if (describedStreamOf(stream) === undefined || type !== METADATA_TYPE) return false;
  try {
    parseMetadata(data);
    return false;
  } catch {
    return true;
  }
}
