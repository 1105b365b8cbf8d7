import { InvalidInput } from '#kernel/errors';
import { Decimal, Id, Integer, ListOf, Nested, Optional, Text, Timestamp } from '#platform/commands/fields';
import { Amount, Capacity as CapacityAmount, Name } from './project.commands.js';
import type { Allocation } from './project.events.js';
import type { Resource } from './project-state.js';
import { capacityAt, type Span, type Step, stepsOf, utilisationOf } from './utilisation.js';

class ResourceCapacity {
  /** Missing where it counts from the beginning of time. */
  @Optional(Timestamp()) from?: string;
  @CapacityAmount() amount: number;
}

/** A resource as clients see it. */
export class ResourceView {
  @Id() resourceId: string;
  @Name() name: string;
  @Text({ max: 50 }) unit: string;

  /** What there is now. */
  @CapacityAmount() capacity: number;

  /** What there was, is and will be, from when on. */
  @ListOf(Nested(ResourceCapacity), { max: 200 }) capacities: readonly ResourceCapacity[];

  /** How many there are, with those that have ended. */
  @Integer({ min: 0 }) allocations: number;
}

export class AllocationView implements Allocation {
  @Id() allocationId: string;
  @Id() assignee: string;
  @Amount() amount: number;
  @Timestamp() from: string;

  /** The first moment at which it is free again; missing where it has no end. */
  @Optional(Timestamp()) until?: string;
}

class UtilisationStep {
  @Timestamp() from: string;
  @Timestamp() until: string;
  @Integer({ min: 0 }) allocated: number;
  @CapacityAmount() capacity: number;
  @CapacityAmount() free: number;
}

class UtilisationPeak {
  @Integer({ min: 0 }) allocated: number;
  @Timestamp() from: string;
}

/** What was, is and will be allocated of a resource in a stretch of time. */
export class UtilisationView {
  @Id() resourceId: string;
  @Text({ max: 50 }) unit: string;
  @Timestamp() from: string;
  @Timestamp() until: string;

  /** Most that is allocated at one time, and when first. */
  @Nested(UtilisationPeak) peak: UtilisationPeak;

  /** Allocated at a time, weighted by duration. */
  @Decimal({ min: 0 }) average: number;
  @Decimal({ min: 0 }) averageCapacity: number;

  /** Part of the capacity that is allocated, 0 to 1; missing where there is none. */
  @Optional(Decimal({ min: 0, max: 1 })) share?: number;

  /** They follow one another without a gap. */
  @ListOf(Nested(UtilisationStep), { max: 10_000 }) steps: readonly UtilisationStep[];
}

export function resourceView(resourceId: string, resource: Resource, now: Date): ResourceView {
  const { name, unit, capacities, allocations } = resource;
  const capacity = capacityAt(capacities, now.getTime());
  return { resourceId, name, unit, capacity, capacities, allocations: Object.keys(allocations).length };
}

export function allocationView(allocationId: string, allocation: Allocation): AllocationView {
  return { allocationId, ...allocation };
}

/** A stretch of time that a query names. Throws InvalidInput. */
export function windowOf({ from, to }: { readonly from: string; readonly to: string }, at = '/query'): Span {
  const window = { from: Date.parse(from), until: Date.parse(to) };
  if (window.from < window.until) return window;
  throw new InvalidInput([{ pointer: `${at}/to`, detail: `Must be later than from, which is ${from}.` }]);
}

export function utilisationView(resourceId: string, resource: Resource, window: Span): UtilisationView {
  const { unit, capacities, allocations } = resource;
  const steps = stepsOf({ capacities, allocations: Object.values(allocations) }, window);
  const { peak, ...rest } = utilisationOf(steps);
  const period = { from: moment(window.from), until: moment(window.until) };
  const most = { allocated: peak.allocated, from: moment(peak.from) };
  return { resourceId, unit, ...period, peak: most, ...rest, steps: steps.map(stepView) };
}

function stepView({ from, until, allocated, capacity }: Step): UtilisationStep {
  return { from: moment(from), until: moment(until), allocated, capacity, free: capacity - allocated };
}

function moment(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
