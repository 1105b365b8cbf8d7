import { Inject, Injectable } from '@nestjs/common';
import { comparePositions, type Position, type Recorded } from '#kernel/event';
import type { ObjectState } from '#kernel/object-type';
import { EVENT_STORE, type EventStore } from '#platform/event-store/event-store.port';
import { isIn, type Moment } from './moment.js';
import type { AnyObjectType } from './object-registry.js';
import { isWhollyIn, isWhollyOut } from './segment.js';
import { slicesAfter, standsAt } from './stream-events.js';
import { type WayMark, WayMarks } from './way-marks.js';
import { WayMarking } from './way-marking.js';

/** The last event that a state has taken in. */
export interface LastEvent {
  readonly id: string;
  readonly revision: number;
  readonly position: Position;
  readonly recordedAt: string;
  /** When it happened, as its writer said. */
  readonly occurredAt: string;
}

/** A state on an object's way, and what comes after it. */
export interface Stage {
  readonly state: ObjectState;
  /** Every event up to this revision is in the state, or is in none of the moments that were asked for. */
  readonly after: number;
  readonly last?: LastEvent;
}

/** A stage, and the way on from it. */
export interface Walk {
  readonly stage: Stage;
  readonly rest: AsyncGenerator<readonly Recorded[], void>;
}

/** An object as it was. */
export interface PastObject {
  readonly state: ObjectState;
  /** Not there before its first event. */
  readonly last?: LastEvent;
}

export interface PastOptions {
  /** Whether way-marks that are missing are made on the way; default true. */
  readonly make?: boolean;
}

/**
 * States of objects at moments of their past: of all events that belong to it, in the order of the stream. With way-marks, about two
 * times `WayMarks.every` events are read, however long the object is; by the time of happening more, where many events came late.
 */
@Injectable()
export class PastObjects {
  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    private readonly marks: WayMarks,
    private readonly marking: WayMarking,
  ) {}

  async at(stream: string, type: AnyObjectType, moment: Moment, options?: PastOptions): Promise<PastObject> {
    const { stage, rest } = await this.walk(stream, type, [moment], options);
    let { state, last } = stage;
    for await (const events of rest) {
      for (const event of events) {
        if (!isIn(event, moment)) continue;
        state = type.evolve(state, event);
        last = lastEvent(event);
      }
    }
    return { state, last };
  }

  /**
   * The last stage that lies before all of these moments, and the events after it, in order: at least those that belong to the past of
   * one of the moments.
   */
  async walk(stream: string, type: AnyObjectType, moments: readonly Moment[], options?: PastOptions): Promise<Walk> {
    const { marks, ...stage } = await this.#stage(stream, type, moments, options);
    return { stage, rest: this.#rest(stream, partsOf(marks, stage.after, moments)) };
  }

  /** All events of the object up to the moment's revision: at least those that belong to its past. */
  events(stream: string, { revision }: Moment): AsyncGenerator<readonly Recorded[], void> {
    return slicesAfter(this.store, stream, -1, revision);
  }

  async *#rest(stream: string, parts: readonly Part[]): AsyncGenerator<readonly Recorded[], void> {
    for (const { after, upTo } of parts) yield* slicesAfter(this.store, stream, after, upTo);
  }

  async #stage(
    stream: string,
    type: AnyObjectType,
    moments: readonly Moment[],
    { make }: PastOptions = {},
  ): Promise<Stage & { readonly marks: readonly WayMark[] }> {
    const chain = await this.marking.upTo(lastRevisionOf(moments), stream, type, make);
    const before = chain.findLastIndex((mark) => moments.every((moment) => isWhollyIn(mark, moment)));
    for (let index = before; index >= 0; index--) {
      const mark = chain[index]!;
      // The last one of the chain has been looked at; what comes before may be hidden meanwhile.
      const isThere = index === chain.length - 1 || (await this.#stands(stream, mark));
      const state = isThere ? await this.marks.stateAt(mark) : null;
      if (!state) continue;
      const { eventId: id, revision, position, recordedAt, occurredAt } = mark;
      const last = { id, revision, position, recordedAt, occurredAt };
      return { state, after: mark.upTo, last, marks: chain.slice(index + 1) };
    }
    return { state: type.initial, after: -1, marks: before < 0 ? chain : [] };
  }

  async #stands(stream: string, { revision, eventId }: WayMark): Promise<boolean> {
    return (await standsAt(this.store, stream, revision, eventId)).stands;
  }
}

function lastEvent({ id, revision, position, recordedAt, metadata }: Recorded): LastEvent {
  return { id, revision, position, recordedAt, occurredAt: metadata?.occurredAt ?? recordedAt };
}

/** Revisions after one, up to another. */
interface Part {
  readonly after: number;
  readonly upTo: number;
}

/** What of the stream after a revision may be in the past of one of the moments: the marks tell of parts that are not. */
function partsOf(marks: readonly WayMark[], after: number, moments: readonly Moment[]): Part[] {
  const parts: Part[] = [];
  let from = after;
  for (const mark of marks) {
    if (!moments.every((moment) => isWhollyOut(mark, moment))) continue;
    if (mark.after > from) parts.push({ after: from, upTo: mark.after });
    from = mark.upTo;
  }
  return [...parts, { after: from, upTo: Math.min(lastRevisionOf(moments), endOf(marks, moments)) }];
}

/** A place in the global order is one in the stream's order, too: it lies before the first mark that is behind it. */
function endOf(marks: readonly WayMark[], moments: readonly Moment[]): number {
  const isBehind =
    (mark: WayMark) =>
    ({ position }: Moment) =>
      position !== undefined && comparePositions(mark.position, position) > 0;
  return marks.find((mark) => moments.every(isBehind(mark)))?.upTo ?? Infinity;
}

function lastRevisionOf(moments: readonly Moment[]): number {
  return Math.max(...moments.map(({ revision = Infinity }) => revision));
}
