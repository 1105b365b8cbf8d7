import type { Clock } from '#kernel/clock';
import { comparePositions, START, type Position, type Recorded } from '#kernel/event';
import type { EventFilter, Projection } from '#kernel/projection';
import type { ReadStore } from '#platform/read-store/read-store.port';
import { BuildParts, type Storable } from './build-parts.js';
import { foldAgain, type Failure } from '../key-fold.js';
import type { OwnCheckpoint } from '../own-checkpoint.js';
import { park, parkBehind, parkedEventId, parkedKeyId, type ParkedKey } from '../parked-events.js';
import { partitionOf } from './partitioned-position.js';
import type { RetryPolicy } from '../retry-policy.js';

export interface BuildTargetOptions {
  readonly projection: Projection<object>;
  readonly collection: string;
  /** Collection of the parked keys. */
  readonly parked: string;
  readonly retry: RetryPolicy;
  readonly clock: Clock;
  /** Documents in memory that are not stored yet; default 20,000, and fewer where they are large. */
  readonly maxUnstored?: number;
  /** Documents in memory altogether; default 60,000, and fewer where they are large. */
  readonly maxKept?: number;
}

/** A key of the read model, as far as its events have been folded. */
interface Entry extends Storable {
  /** The document before the last event's position: several events can have one, and pass together or not at all. */
  before: object | null;
  /** Events up to these two were stored by an earlier run, ahead of the checkpoint: a store without transactions can have some. */
  readonly storedUntil: Position;
  readonly parkedUntil: Position;
  /** Events of the page that come behind one that failed, with it. */
  failing?: { readonly failure: Failure; readonly events: Recorded[] };
}

/**
 * A collection that nobody reads yet, filled from events. Documents are folded in memory and stored part by part, a part with its place
 * in the checkpoint in one write: a kill at any moment loses no event and applies none twice.
 */
export class BuildTarget {
  readonly #entries = new Map<string, Entry>();
  readonly #parts: BuildParts;
  /** Events up to here are folded. */
  #position: Position;
  /** Whether all that was ever written is in memory, so that an unknown key is a new one. */
  #isWhole: boolean;

  /** `checkpoint` is the build's own, loaded; where it is to go on from it, the collections are there. */
  constructor(
    private readonly options: BuildTargetOptions,
    checkpoint: OwnCheckpoint,
    private readonly documents: ReadStore,
  ) {
    this.#parts = new BuildParts(options, checkpoint);
    this.#position = this.#parts.lowest;
    this.#isWhole = this.#parts.resumedUntil === START;
  }

  get position(): Position {
    return this.#position;
  }

  get filter(): EventFilter | undefined {
    return this.options.projection.filter;
  }

  /** Takes in all events up to a place; those before where it is already it leaves out. */
  async fold(events: readonly Recorded[], until: Position, signal: AbortSignal): Promise<void> {
    if (comparePositions(until, this.#position) <= 0) return;
    const own = events.filter((event) => this.#isNew(event));
    if (!this.#isWhole) await this.#recall(own);
    const failing: Entry[] = [];
    for (const event of own) {
      const entry = this.#entryOf(event);
      if (entry) this.#apply(entry, event, own, failing);
    }
    if (failing.length > 0) await this.#tryAgain(failing, signal);
    this.#position = until;
    await this.#parts.storeSome(until);
    this.#letGo();
  }

  /** Stores all that is in memory; resolves when the checkpoint is one position. */
  store(): Promise<void> {
    return this.#parts.storeAll(this.#position);
  }

  #isNew({ type, stream, position }: Recorded): boolean {
    const { types, streamPrefixes } = this.filter ?? {};
    if (types && !types.includes(type)) return false;
    if (streamPrefixes && !streamPrefixes.some((prefix) => stream.startsWith(prefix))) return false;
    return comparePositions(position, this.#position) > 0;
  }

  /** The entry that the event goes into; undefined where it does not matter, or is stored already. */
  #entryOf(event: Recorded): Entry | undefined {
    let key: string | null;
    try {
      key = this.options.projection.key(event);
    } catch (error) {
      this.#parkAlone(event, error);
      return undefined;
    }
    if (key === null) return undefined;
    const known = this.#entries.get(key);
    const partition = known?.partition ?? partitionOf(key);
    if (this.#isStored(event, partition)) return undefined;
    if (known) return known;
    return this.#remember(key, null, START, undefined, START);
  }

  #remember(
    key: string,
    document: object | null,
    position: Position,
    parked: ParkedKey | undefined,
    parkedPosition: Position,
  ): Entry {
    const until = { storedUntil: position, parkedUntil: parkedPosition };
    const partition = partitionOf(key);
    const entry: Entry = {
      key,
      partition,
      document,
      position,
      parked,
      parkedPosition,
      before: document,
      unstored: false,
      isNew: document === null,
      ...until,
    };
    this.#entries.set(key, entry);
    return entry;
  }

  #isStored(event: Recorded, partition: number): boolean {
    if (comparePositions(event.position, this.#parts.resumedUntil) > 0) return false;
    return comparePositions(event.position, this.#parts.storedUntil(partition)) <= 0;
  }

  #apply(entry: Entry, event: Recorded, page: readonly Recorded[], failing: Entry[]): void {
    if (entry.failing) return void entry.failing.events.push(event);
    // What comes before the failure is seen again only where a part was stored half; the document may lack it.
    if (entry.parked && comparePositions(event.position, entry.parked.event.position) >= 0) {
      if (comparePositions(event.position, entry.parkedUntil) <= 0) return;
      entry.parked = parkBehind(entry.parked, [event]);
      entry.parkedPosition = event.position;
      return this.#parts.add(entry);
    }
    if (entry.storedUntil !== START && comparePositions(event.position, entry.storedUntil) <= 0) return;
    if (event.position !== entry.position) entry.before = entry.document;
    try {
      const document = this.options.projection.evolve(entry.document, event);
      entry.position = event.position;
      if (document === entry.document) return;
      entry.document = document;
      this.#parts.add(entry);
    } catch (error) {
      const isBefore = (other: Recorded): boolean => other.position === event.position && other !== event;
      const together = page
        .slice(0, page.indexOf(event))
        .filter((other) => isBefore(other) && this.#keyOf(other) === entry.key);
      entry.document = entry.before;
      entry.failing = { failure: { event: together[0] ?? event, error, attempts: 1 }, events: [...together, event] };
      failing.push(entry);
    }
  }

  async #tryAgain(failing: readonly Entry[], signal: AbortSignal): Promise<void> {
    const { projection, retry, clock } = this.options;
    const again = failing.map(async (entry) => {
      const { failure: first, events } = entry.failing!;
      const before = { document: entry.document, failure: first };
      const { document, failure } = await foldAgain(projection, events, before, retry, signal);
      const place = failure ? events.indexOf(failure.event) : events.length;
      entry.document = document;
      entry.position = events[place - 1]?.position ?? entry.position;
      if (failure) {
        // The place right before it: of the page where no event of the key came before.
        const after = events[place - 1]?.position ?? this.#position;
        entry.parked = parkBehind(park(projection, entry.key, failure, after, clock.now()), events.slice(place + 1));
        entry.parkedPosition = events.at(-1)!.position;
      }
      entry.failing = undefined;
      this.#parts.add(entry);
    });
    await Promise.all(again);
  }

  #parkAlone(event: Recorded, error: unknown): void {
    const { projection, parked: collection, clock } = this.options;
    const failure: Failure = { event, error, attempts: 1 };
    const id = parkedEventId(projection, failure);
    if (this.#isStored(event, 0)) return;
    const document = park(projection, null, failure, this.#position, clock.now());
    this.#parts.addAlone({ collection, id, document, position: event.position });
  }

  #keyOf(event: Recorded): string | null {
    try {
      return this.options.projection.key(event);
    } catch {
      return null; // its turn comes
    }
  }

  /** Fetches what is stored of the page's keys and not in memory. */
  async #recall(events: readonly Recorded[]): Promise<void> {
    const { projection, collection, parked } = this.options;
    const unknown = new Set<string>();
    for (const event of events) {
      if (projection.once && comparePositions(event.position, this.#parts.resumedUntil) > 0) continue;
      const key = this.#keyOf(event);
      if (key !== null && !this.#entries.has(key)) unknown.add(key);
    }
    if (unknown.size === 0) return;
    await this.#parts.settled(); // what was let go of may be under way
    const keys = [...unknown];
    const ids = new Map(keys.map((key) => [parkedKeyId(projection, key), key]));
    const [documents, records] = await Promise.all([
      this.documents.projected<object>(collection, keys),
      this.documents.projected<ParkedKey>(parked, [...ids.keys()]),
    ]);
    for (const [id, key] of ids) {
      const { document = null, position = START } = documents.get(key) ?? {};
      const record = records.get(id);
      this.#remember(key, document, position, record?.document ?? undefined, record?.position ?? START);
    }
  }

  /** Lets go of what is stored, where there is too much. */
  #letGo(): void {
    const most = this.#parts.mostKept;
    if (this.#entries.size <= most) return;
    this.#isWhole = false;
    for (const [key, entry] of this.#entries) {
      if (!entry.unstored) this.#entries.delete(key);
      if (this.#entries.size <= most * 0.9) return;
    }
  }
}
