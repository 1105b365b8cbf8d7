import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Allocation } from './project.events.js';
import { type Capacity, capacityAt, changedFrom, spanOf, stepsOf, tightest, utilisationOf } from './utilisation.js';

const at = (millisecond: number) => new Date(millisecond).toISOString();
const allocation = (amount: number, from: number, until?: number): Allocation => ({
  assignee: 'ada',
  amount,
  from: at(from),
  ...(until !== undefined && { until: at(until) }),
});
const ten: readonly Capacity[] = [{ amount: 10 }];
const window = { from: 0, until: 100 };

describe('the steps of a resource', () => {
  it('are one where nothing is allocated', () => {
    expect(stepsOf({ capacities: ten, allocations: [] }, window)).toEqual([{ ...window, allocated: 0, capacity: 10 }]);
  });
  it('join allocations that follow one another: an end does not belong to its allocation', () => {
    const allocations = [allocation(4, 0, 50), allocation(4, 50, 100)];
    expect(stepsOf({ capacities: ten, allocations }, window)).toEqual([{ ...window, allocated: 4, capacity: 10 }]);
  });
  it('leave out what ends where the window begins, and begins where it ends', () => {
    const allocations = [allocation(4, -50, 0), allocation(4, 100)];
    expect(stepsOf({ capacities: ten, allocations }, window)).toEqual([{ ...window, allocated: 0, capacity: 10 }]);
  });
  it('cut what begins before the window or has no end', () => {
    const allocations = [allocation(4, -50, 20), allocation(3, 10)];
    expect(stepsOf({ capacities: ten, allocations }, window)).toEqual([
      { from: 0, until: 10, allocated: 4, capacity: 10 },
      { from: 10, until: 20, allocated: 7, capacity: 10 },
      { from: 20, until: 100, allocated: 3, capacity: 10 },
    ]);
  });
  it('follow the capacity', () => {
    const capacities = [{ amount: 10 }, { from: at(-5), amount: 8 }, { from: at(40), amount: 12 }];
    expect(stepsOf({ capacities, allocations: [allocation(1, 0, 40)] }, window)).toEqual([
      { from: 0, until: 40, allocated: 1, capacity: 8 },
      { from: 40, until: 100, allocated: 0, capacity: 12 },
    ]);
    expect([-6, -5, 39, 40].map((moment) => capacityAt(capacities, moment))).toEqual([10, 8, 8, 12]);
  });
});

describe('a change of capacity', () => {
  it('counts from its moment on, whatever was planned for later', () => {
    const planned = changedFrom(changedFrom(ten, at(50), 20), at(80), 5);
    expect(changedFrom(planned, at(60), 7)).toEqual([
      { amount: 10 },
      { from: at(50), amount: 20 },
      { from: at(60), amount: 7 },
    ]);
    expect(changedFrom(planned, at(50), 10)).toEqual(ten);
  });
});

const moments = fc.integer({ min: -20, max: 120 });
const anyAllocation = fc
  .record({
    amount: fc.integer({ min: 1, max: 9 }),
    from: moments,
    duration: fc.option(fc.integer({ min: 1, max: 60 })),
  })
  .map(({ amount, from, duration }) => allocation(amount, from, duration === null ? undefined : from + duration));
const anyCapacities = fc
  .array(fc.record({ from: moments, amount: fc.integer({ min: 0, max: 20 }) }), { maxLength: 5 })
  .map((changes) => changes.reduce((known, { from, amount }) => changedFrom(known, at(from), amount), ten));

/** What is allocated at one moment, counted one by one. */
const allocatedAt = (allocations: readonly Allocation[], moment: number) =>
  allocations
    .filter((one) => spanOf(one).from <= moment && moment < spanOf(one).until)
    .reduce((sum, { amount }) => sum + amount, 0);

describe('for whatever was allocated', () => {
  it('the steps cover the window without a gap and say what each of its moments is', () => {
    fc.assert(
      fc.property(anyCapacities, fc.array(anyAllocation, { maxLength: 20 }), (capacities, allocations) => {
        const steps = stepsOf({ capacities, allocations }, window);
        expect(steps[0]!.from).toBe(window.from);
        expect(steps.at(-1)!.until).toBe(window.until);
        steps.slice(1).forEach((step, i) => expect(step.from).toBe(steps[i]!.until));
        for (let moment = window.from; moment < window.until; moment++) {
          const { allocated, capacity } = steps.find(({ from, until }) => from <= moment && moment < until)!;
          expect(allocated).toBe(allocatedAt(allocations, moment));
          expect(capacity).toBe(capacities.findLast(({ from }) => from === undefined || from <= at(moment))!.amount);
        }
      }),
    );
  });

  it('the area under the steps is the sum of what was allocated', () => {
    fc.assert(
      fc.property(fc.array(anyAllocation, { maxLength: 20 }), (allocations) => {
        const { average, share } = utilisationOf(stepsOf({ capacities: ten, allocations }, window));
        const areas = allocations.map((one) => {
          const { from, until } = spanOf(one);
          return one.amount * Math.max(0, Math.min(until, window.until) - Math.max(from, window.from));
        });
        const area = areas.reduce((sum, one) => sum + one, 0);
        expect(average * 100).toBeCloseTo(area, 6);
        expect(share! * 1_000).toBeCloseTo(area, 6);
      }),
    );
  });

  it('giving no more than the tightest step has free never exceeds the capacity, and one more always does', () => {
    fc.assert(
      fc.property(anyCapacities, fc.array(anyAllocation, { maxLength: 30 }), (capacities, asked) => {
        const given: Allocation[] = [];
        for (const one of asked) {
          const least = tightest(stepsOf({ capacities, allocations: given }, spanOf(one)));
          if (one.amount <= least.capacity - least.allocated) given.push(one);
          else expect(allocatedAt(given, least.from) + one.amount).toBeGreaterThan(least.capacity);
        }
        for (const { allocated, capacity } of stepsOf(
          { capacities, allocations: given },
          { from: -50, until: Infinity },
        )) {
          if (allocated > 0) expect(allocated).toBeLessThanOrEqual(capacity);
        }
      }),
    );
  });
});
