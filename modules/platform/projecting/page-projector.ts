import type { Clock } from '#kernel/clock';
import type { Position, Recorded } from '#kernel/event';
import type { Projection } from '#kernel/projection';
import type { ReadStore, Write } from '../read-store/read-store.port.js';
import { foldAgain, foldKey, groupByKey, type Failure, type Folded } from './key-fold.js';
import { park, parkBehind, parkedEventId, parkedEvents, parkedKeyId, type ParkedKey } from './parked-events.js';
import type { RetryPolicy } from './retry-policy.js';

/** What a page of events does to the read store. */
export interface ProjectedPage {
  readonly writes: readonly Write[];
  /** Keys, and events without a key, that this page sets aside. */
  readonly parked: readonly ParkedKey[];
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
   */
  async project(
    events: readonly Recorded[],
    after: Position,
    someAreParked: boolean,
    signal: AbortSignal,
  ): Promise<ProjectedPage> {
    const { groups, failures } = groupByKey(this.projection, events);
    const waiting = someAreParked ? await this.#takeParked(groups) : [];
    const documents = await this.documents.getMany<object>(this.projection.readModel.name, [...groups.keys()]);

    const writes: Write[] = waiting;
    const failed: [key: string, before: object | null, folded: Folded][] = [];
    for (const [key, group] of groups) {
      const before = documents.get(key) ?? null;
      const folded = foldKey(this.projection, before, group);
      if (folded.failure) failed.push([key, before, folded]);
      else this.#write(writes, key, before, folded);
    }

    const place = (failure: Failure): Position => events[events.indexOf(failure.event) - 1]?.position ?? after;
    const parked: ParkedKey[] = [];
    const setAside = (id: string, document: ParkedKey): void => {
      parked.push(document);
      writes.push({ collection: parkedEvents.name, id, document });
    };
    for (const failure of failures) {
      const id = parkedEventId(this.projection, failure);
      setAside(id, park(this.projection, null, failure, place(failure), this.clock.now()));
    }
    const retried = failed.map(async ([key, before, folded]) => {
      const group = groups.get(key)!;
      const again = await foldAgain(this.projection, group, folded, this.retry, signal);
      this.#write(writes, key, before, again);
      if (!again.failure) return;
      const rest = group.slice(group.indexOf(again.failure.event) + 1);
      const record = park(this.projection, key, again.failure, place(again.failure), this.clock.now());
      setAside(parkedKeyId(this.projection, key), parkBehind(record, rest));
    });
    await Promise.all(retried);
    return { writes, parked };
  }

  /** Takes the parked keys out of the groups: their events wait. */
  async #takeParked(groups: Map<string, Recorded[]>): Promise<Write[]> {
    const keys = [...groups.keys()];
    const ids = keys.map((key) => parkedKeyId(this.projection, key));
    const parked = await this.documents.getMany<ParkedKey>(parkedEvents.name, ids);
    return [...parked].map(([id, record]) => {
      const key = record.key!;
      const document = parkBehind(record, groups.get(key)!);
      groups.delete(key);
      return { collection: parkedEvents.name, id, document };
    });
  }

  #write(writes: Write[], id: string, before: object | null, { document }: Folded): void {
    if (document !== before) writes.push({ collection: this.projection.readModel.name, id, document });
  }
}
