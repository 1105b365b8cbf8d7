import type { Clock } from '#kernel/clock';
import { comparePositions, START, type Position, type Recorded } from '#kernel/event';
import type { Projection } from '#kernel/projection';
import type { Projected, ReadStore, Write } from '../read-store/read-store.port.js';
import { foldAgain, foldKey, groupByKey, type Failure, type Folded } from './key-fold.js';
import { park, parkBehind, parkedEventId, parkedEvents, parkedKeyId, type ParkedKey } from './parked-events.js';
import type { RetryPolicy } from './retry-policy.js';

/** What a page of events does to the read store. */
export interface ProjectedPage {
  readonly writes: readonly Write[];
  /** Keys, and events without a key, that this page sets aside. */
  readonly parked: readonly ParkedKey[];
}

/** A key of the page: its document as it stands, and the events that are not in it yet. */
interface OpenKey {
  readonly key: string;
  readonly before: object | null;
  readonly events: readonly Recorded[];
}

/** Folds a page in memory, key by key, so that each document is read and written once however many events it has. */
export class PageProjector {
  constructor(
    private readonly projection: Projection<object>,
    private readonly documents: ReadStore,
    private readonly retry: RetryPolicy,
    private readonly clock: Clock,
  ) {}

  /**
   * Reads the documents of the page's keys and folds its events into them. A key that fails is tried again, and parked in
   * the end; the others are not held up longer than that. Rejects where the store does, or when the signal fires.
   *
   * In a store without transactions the page may have been written in part before: each document, also one that says what is
   * parked, takes in only the events after its own position.
   */
  async project(
    events: readonly Recorded[],
    after: Position,
    someAreParked: boolean,
    signal: AbortSignal,
  ): Promise<ProjectedPage> {
    const { groups, failures } = groupByKey(this.projection, events);
    const ids = new Map([...groups.keys()].map((key) => [parkedKeyId(this.projection, key), key]));
    for (const failure of failures) ids.set(parkedEventId(this.projection, failure), '');
    const known = someAreParked ? await this.#projected<ParkedKey>(parkedEvents.name, [...ids.keys()]) : new Map();
    const writes: Write[] = this.#waitBehind(known, groups);

    const documents = await this.#projected<object>(this.projection.readModel.name, this.#known(groups, after));
    const failed: [OpenKey, Folded][] = [];
    for (const [key, group] of groups) {
      const { document: before, position } = documents.get(key) ?? nothing;
      const open = { key, before, events: eventsAfter(position, group) };
      const folded = foldKey(this.projection, before, open.events);
      if (folded.failure) failed.push([open, folded]);
      else this.#write(writes, open, folded);
    }

    const place = (failure: Failure): Position => events[events.indexOf(failure.event) - 1]?.position ?? after;
    const parked: ParkedKey[] = [];
    const setAside = (id: string, document: ParkedKey, { position }: Recorded): void => {
      parked.push(document);
      writes.push({ collection: parkedEvents.name, id, document, position });
    };
    for (const failure of failures) {
      const id = parkedEventId(this.projection, failure);
      if (known.has(id)) continue;
      setAside(id, park(this.projection, null, failure, place(failure), this.clock.now()), failure.event);
    }
    const retried = failed.map(async ([open, folded]) => {
      const again = await foldAgain(this.projection, open.events, folded, this.retry, signal);
      this.#write(writes, open, again);
      if (!again.failure) return;
      const rest = open.events.slice(open.events.indexOf(again.failure.event) + 1);
      const record = park(this.projection, open.key, again.failure, place(again.failure), this.clock.now());
      setAside(parkedKeyId(this.projection, open.key), parkBehind(record, rest), open.events.at(-1)!);
    });
    await Promise.all(retried);
    return { writes, parked };
  }

  /** The keys that may have a document. */
  #known(groups: ReadonlyMap<string, readonly Recorded[]>, after: Position): string[] {
    const keys = [...groups.keys()];
    if (!this.projection.once) return keys;
    // Several events that one became, an upcaster's doing, have one position: the page before may have ended among them.
    return keys.filter((key) => groups.get(key)![0]!.position === after);
  }

  /** Takes what comes after a parked key's failure out of its group, and lets it wait. */
  #waitBehind(known: ReadonlyMap<string, Projected<ParkedKey>>, groups: Map<string, Recorded[]>): Write[] {
    const writes: Write[] = [];
    for (const [id, { document: record, position }] of known) {
      if (!record?.key) continue;
      const group = groups.get(record.key)!;
      // What comes before the failure is seen again only where the page was written in part; the document may lack it.
      const ahead = group.filter((event) => comparePositions(event.position, record.event.position) < 0);
      if (ahead.length > 0) groups.set(record.key, ahead);
      else groups.delete(record.key);
      const waiting = eventsAfter(position, group.slice(ahead.length));
      if (waiting.length === 0) continue;
      const document = parkBehind(record, waiting);
      writes.push({ collection: parkedEvents.name, id, document, position: waiting.at(-1)!.position });
    }
    return writes;
  }

  async #projected<D extends object>(collection: string, ids: readonly string[]): Promise<Map<string, Projected<D>>> {
    return ids.length === 0 ? new Map() : this.documents.projected<D>(collection, ids);
  }

  #write(writes: Write[], { key: id, before, events }: OpenKey, { document, failure }: Folded): void {
    if (document === before) return;
    const last = failure ? events[events.indexOf(failure.event) - 1] : events.at(-1);
    const isNew = before === null;
    writes.push({ collection: this.projection.readModel.name, id, document, isNew, position: last!.position });
  }
}

const nothing: Projected<object> = { document: null, position: START };

function eventsAfter(position: Position, events: readonly Recorded[]): readonly Recorded[] {
  return position === START ? events : events.filter((event) => comparePositions(event.position, position) > 0);
}
