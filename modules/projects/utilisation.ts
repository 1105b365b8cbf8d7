import type { Allocation } from './project.events.js';

/** How much there is of a resource from a moment on, until the next of these. */
export interface Capacity {
  /** ISO 8601; the first of a resource has none: it counts from the beginning of time. */
  readonly from?: string;
  readonly amount: number;
}

/** What there is of a resource over time and what is given away of it. */
export interface Occupancy {
  /** In the order of their moments. */
  readonly capacities: readonly Capacity[];
  readonly allocations: Iterable<Allocation>;
}

/** A stretch of time in Unix milliseconds: `from` belongs to it, `until` does not. `Infinity` is no end. */
export interface Span {
  readonly from: number;
  readonly until: number;
}

/** A stretch of time in which nothing changes. */
export interface Step extends Span {
  readonly allocated: number;
  readonly capacity: number;
}

export interface Utilisation {
  /** Most that was allocated at one time, and when first. */
  readonly peak: { readonly allocated: number; readonly from: number };
  /** Allocated at a time, weighted by duration. */
  readonly average: number;
  readonly averageCapacity: number;
  /** Share of the capacity that was allocated, 0 to 1; undefined where there was none. */
  readonly share: number | undefined;
}

/** The allocation's time. */
export function spanOf({ from, until }: Allocation): Span {
  return { from: Date.parse(from), until: until === undefined ? Infinity : Date.parse(until) };
}

/** What changes at a moment: so much more is allocated, and from then on there is this capacity. */
interface Change {
  more: number;
  capacity?: number;
}

/**
 * What is allocated at each moment of the window: steps that follow one another without a gap, each different from its
 * neighbours. One sweep over the moments at which anything begins or ends.
 */
export function stepsOf({ capacities, allocations }: Occupancy, window: Span): Step[] {
  const changes = new Map<number, Change>([[window.from, { more: 0 }]]);
  const at = (moment: number): Change => {
    const known = changes.get(moment) ?? { more: 0 };
    changes.set(moment, known);
    return known;
  };
  for (const allocation of allocations) {
    const { from, until } = spanOf(allocation);
    if (from >= window.until || until <= window.from) continue;
    at(Math.max(from, window.from)).more += allocation.amount;
    if (until < window.until) at(until).more -= allocation.amount;
  }
  for (const { from, amount } of capacities) {
    const moment = from === undefined ? -Infinity : Date.parse(from);
    if (moment < window.until) at(Math.max(moment, window.from)).capacity = amount;
  }
  return swept(changes, window.until);
}

function swept(changes: ReadonlyMap<number, Change>, end: number): Step[] {
  const steps: Step[] = [];
  let allocated = 0;
  let capacity = 0;
  for (const [from, change] of [...changes].sort(([a], [b]) => a - b)) {
    allocated += change.more;
    capacity = change.capacity ?? capacity;
    const last = steps.at(-1);
    if (last?.allocated === allocated && last.capacity === capacity) continue;
    if (last) steps[steps.length - 1] = { ...last, until: from };
    steps.push({ from, until: end, allocated, capacity });
  }
  return steps;
}

/** The first of the steps in which least is free: less than nothing where more is allocated than there is. */
export function tightest(steps: readonly Step[]): Step {
  return steps.reduce((least, step) =>
    step.capacity - step.allocated < least.capacity - least.allocated ? step : least,
  );
}

/** What the steps come to; they must have an end. */
export function utilisationOf(steps: readonly Step[]): Utilisation {
  let duration = 0;
  let allocated = 0;
  let capacity = 0;
  for (const step of steps) {
    const milliseconds = step.until - step.from;
    duration += milliseconds;
    allocated += step.allocated * milliseconds;
    capacity += step.capacity * milliseconds;
  }
  const peak = steps.reduce((most, step) => (step.allocated > most.allocated ? step : most));
  return {
    peak: { allocated: peak.allocated, from: peak.from },
    average: allocated / duration,
    averageCapacity: capacity / duration,
    share: capacity === 0 ? undefined : allocated / capacity,
  };
}

/** How much there is at that moment. */
export function capacityAt(capacities: readonly Capacity[], moment: number): number {
  return stepsOf({ capacities, allocations: [] }, { from: moment, until: Infinity })[0]!.capacity;
}

/** The capacities with this one from its moment on, whatever was planned for later. */
export function changedFrom(capacities: readonly Capacity[], from: string, amount: number): Capacity[] {
  const moment = Date.parse(from);
  const before = capacities.filter((known) => known.from === undefined || Date.parse(known.from) < moment);
  return before.at(-1)?.amount === amount ? before : [...before, { from, amount }];
}
