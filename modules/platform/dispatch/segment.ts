import { comparePositions, type Recorded } from '#kernel/event';
import type { ObjectState } from '#kernel/object-type';
import { type Moment, timeOf } from './moment.js';
import type { AnyObjectType } from './object-registry.js';
import type { Span, WayMark } from './way-marks.js';

const NOTHING: Span = { earliest: Infinity, latest: -Infinity };

/** What has been folded since a way-mark: enough to make the next one. */
export class Segment {
  #last: Recorded | undefined;
  #recorded = NOTHING;
  #occurred = NOTHING;

  constructor(
    private readonly type: AnyObjectType,
    private readonly before: WayMark | undefined,
    public state: ObjectState,
  ) {}

  /** The revision that the next mark will hold where this event is the first one behind it; undefined where it is not behind. */
  markBefore(event: Recorded, every: number): number | undefined {
    const upTo = lastMarkBefore(event.revision, every);
    return this.#last && upTo >= this.#last.revision ? upTo : undefined;
  }

  take(event: Recorded): void {
    this.state = this.type.evolve(this.state, event);
    this.#last = event;
    this.#recorded = widened(this.#recorded, timeOf(event, 'recorded'));
    this.#occurred = widened(this.#occurred, timeOf(event, 'occurred'));
  }

  /** The mark at the last event that was taken in. */
  mark(upTo: number, upcasters: string): WayMark {
    const { stream, revision, position, id, recordedAt, metadata } = this.#last!;
    const before = this.before?.latest;
    return {
      ...{ stream, upTo, revision, position, eventId: id, recordedAt },
      occurredAt: metadata?.occurredAt ?? recordedAt,
      after: this.before?.upTo ?? -1,
      afterEventId: this.before?.eventId ?? null,
      segment: { recorded: this.#recorded, occurred: this.#occurred },
      latest: {
        recorded: Math.max(before?.recorded ?? -Infinity, this.#recorded.latest),
        occurred: Math.max(before?.occurred ?? -Infinity, this.#occurred.latest),
      },
      ...{ stateVersion: this.type.stateVersion, upcasters },
    };
  }
}

/** The revision that the last mark before this one can hold; -1 where there is none. */
export function lastMarkBefore(revision: number, every: number): number {
  return Math.floor(revision / every) * every - 1;
}

/** Whether all events up to the mark are in the moment's past. */
export function isWhollyIn(
  { upTo, latest, position: place }: WayMark,
  { revision, at, clock = 'recorded', position }: Moment,
): boolean {
  return (
    (revision === undefined || upTo <= revision) &&
    (at === undefined || latest[clock] <= at) &&
    (position === undefined || comparePositions(place, position) <= 0)
  );
}

/** Whether none of the events between the mark and the one before is in the moment's past. */
export function isWhollyOut({ after, segment }: WayMark, { revision, at, clock = 'recorded' }: Moment): boolean {
  return (revision !== undefined && after >= revision) || (at !== undefined && segment[clock].earliest > at);
}

function widened({ earliest, latest }: Span, time: number): Span {
  return { earliest: Math.min(earliest, time), latest: Math.max(latest, time) };
}
