import { Inject, Injectable, Logger, type OnModuleInit, Optional } from '@nestjs/common';
import type { Position } from '#kernel/event';
import type { ObjectState } from '#kernel/object-type';
import type { ReadModel } from '#kernel/projection';
import { READ_STORE, type ReadStore, type Write } from '#platform/read-store/read-store.port';
import { Upcasters } from '../upcasting/upcasters.js';
import { DISPATCH_OPTIONS, type DispatchOptions } from './dispatch-options.js';
import type { TimeOfEvent } from './moment.js';
import type { AnyObjectType } from './object-registry.js';
import { PatientReads } from './patient-reads.js';
import { digestOf } from './snapshots.js';

/** Revisions between two way-marks of an object, where nothing else is said. */
const MARK_EVERY = 500;

/** Earliest and latest time of some events, in Unix milliseconds. */
export interface Span {
  readonly earliest: number;
  readonly latest: number;
}

/** A place on an object's way at which its state was kept: what came before need not be read again to know it. */
export interface WayMark {
  readonly stream: string;
  /** All events up to this revision are in the state; the last one before a multiple of `every`. */
  readonly upTo: number;
  /** The last event in it. */
  readonly revision: number;
  readonly position: Position;
  readonly eventId: string;
  readonly recordedAt: string;
  readonly occurredAt: string;
  /** The mark before, which this one went on from: its `upTo` (-1 before the first) and its event. */
  readonly after: number;
  readonly afterEventId: string | null;
  /** Times of the events since the mark before. */
  readonly segment: Readonly<Record<TimeOfEvent, Span>>;
  /** Latest times of all events up to here. */
  readonly latest: Readonly<Record<TimeOfEvent, number>>;
  readonly stateVersion: number;
  readonly upcasters: string;
}

interface MarkedState {
  readonly stream: string;
  readonly eventId: string;
  readonly state: ObjectState;
}

const wayMarks: ReadModel<WayMark> = { name: 'way_marks', indexes: [{ fields: ['stream', 'upTo'] }] };
/** Apart from the marks: choosing one reads all marks of an object, but only one state. */
const wayMarkStates: ReadModel<MarkedState> = { name: 'way_mark_states', indexes: [{ fields: ['stream'] }] };

/** The way-marks that are kept. Losing some, or all, costs time, never data. */
@Injectable()
export class WayMarks implements OnModuleInit {
  readonly #log = new Logger(WayMarks.name);
  readonly #reads = new PatientReads(this.#log);
  /** Revisions between two marks. */
  readonly every: number;
  /** Which upcasters the events of new marks are read through. */
  readonly upcasters: string;

  constructor(
    @Inject(READ_STORE) private readonly store: ReadStore,
    @Inject(DISPATCH_OPTIONS) { markEvery = MARK_EVERY }: DispatchOptions,
    @Optional() upcasters?: Upcasters,
  ) {
    this.every = markEvery;
    this.upcasters = digestOf(upcasters);
  }

  async onModuleInit(): Promise<void> {
    await this.store.define(wayMarks);
    await this.store.define(wayMarkStates);
  }

  /**
   * From the first on those marks of the object that follow one another without a gap, as far as its type can still read their
   * states; null where the read store cannot be had.
   */
  async find(stream: string, type: AnyObjectType): Promise<readonly WayMark[] | null> {
    const found = await this.#reads.ask(stream, () => this.#all<WayMark>(wayMarks.name, stream, { upTo: 1 }));
    if (!found) return null;
    const chain: WayMark[] = [];
    for (const { document: mark } of found) {
      if (mark.stateVersion !== type.stateVersion || mark.upcasters !== this.upcasters) break;
      const before = chain.at(-1);
      if (mark.after !== (before?.upTo ?? -1) || mark.afterEventId !== (before?.eventId ?? null)) break;
      chain.push(mark);
    }
    return chain;
  }

  /** The state at this mark, where it is still there. */
  async stateAt({ stream, upTo, eventId }: WayMark): Promise<ObjectState | null> {
    const id = idOf(stream, upTo);
    const kept = await this.#reads.ask(stream, () => this.store.get<MarkedState>(wayMarkStates.name, id));
    return kept?.eventId === eventId ? kept.state : null;
  }

  /** Whether the mark is kept now. A failure is only logged: everything can be read without it. */
  async keep(mark: WayMark, state: ObjectState): Promise<boolean> {
    const { stream, upTo, eventId } = mark;
    const marked: MarkedState = { stream, eventId, state };
    try {
      await this.store.write([
        { collection: wayMarkStates.name, id: idOf(stream, upTo), document: marked },
        { collection: wayMarks.name, id: idOf(stream, upTo), document: mark },
      ]);
      return true;
    } catch (error) {
      this.#log.warn(`No way-mark of '${stream}' was kept: ${(error as Error).message}`);
      return false;
    }
  }

  /** Removes all marks of the object, durably. Rejects where the read store does not answer. */
  async forget(stream: string): Promise<void> {
    for (const { name: collection } of [wayMarks, wayMarkStates]) {
      const found = await this.#all<{ stream: string }>(collection, stream);
      const removals = found.map(({ id }): Write => ({ collection, id, document: null }));
      if (removals.length > 0) await this.store.write(removals);
    }
  }

  async #all<D extends object>(name: string, stream: string, sort?: Record<string, 1>) {
    const found: { readonly id: string; readonly document: D }[] = [];
    let cursor: string | undefined;
    do {
      const fields = sort ? undefined : ['stream'];
      const page = await this.store.query<D>(name, { filter: { stream }, sort, fields, limit: 1_000, cursor });
      found.push(...page.items);
      cursor = page.next;
    } while (cursor !== undefined);
    return found;
  }
}

function idOf(stream: string, upTo: number): string {
  return `${stream}@${upTo}`;
}
