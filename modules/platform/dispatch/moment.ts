import { comparePositions, type Position, type Recorded } from '#kernel/event';

/** Which time of an event counts: when it was stored, or when it happened. */
export type TimeOfEvent = 'recorded' | 'occurred';

/** Which events of an object count: all of them (`NOW`), or those up to a revision, a time, or a place in the global order. */
export interface Moment {
  /** Events up to this revision. */
  readonly revision?: number;
  /** Events of this time or earlier, in Unix milliseconds. */
  readonly at?: number;
  /** Which time `at` means; default `recorded`. */
  readonly clock?: TimeOfEvent;
  /** Events up to this place. */
  readonly position?: Position;
}

export const NOW: Moment = {};

/** Unix milliseconds. An event whose writer did not say when it happened, happened when it was stored. */
export function timeOf(event: Recorded, clock: TimeOfEvent): number {
  const recorded = Date.parse(event.recordedAt);
  if (clock === 'recorded') return recorded;
  const occurred = Date.parse((event.metadata as Partial<Recorded['metadata']> | undefined)?.occurredAt ?? '');
  return Number.isNaN(occurred) ? recorded : occurred;
}

/** Whether the event belongs to the past of this moment. */
export function isIn(event: Recorded, { revision, at, clock = 'recorded', position }: Moment): boolean {
  return (
    (revision === undefined || event.revision <= revision) &&
    (at === undefined || timeOf(event, clock) <= at) &&
    (position === undefined || comparePositions(event.position, position) <= 0)
  );
}
