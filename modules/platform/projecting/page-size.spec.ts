import { describe, expect, it } from '@jest/globals';
import { loopTime, PageSize } from './page-size.js';

describe('the size of a page', () => {
  /** Sizes one after the other, where each event keeps the event loop for so many milliseconds. */
  const sizes = (most: number, costs: readonly number[], events = (size: number) => size) => {
    let busy = 0;
    const size = new PageSize(most, () => busy);
    return costs.map((cost) => {
      const measured = size.measure();
      busy += events(size.now) * cost;
      measured(events(size.now));
      return size.now;
    });
  };
  const many = (cost: number) => Array.from({ length: 10 }, () => cost);

  it('becomes what takes 25 ms', () => {
    expect(sizes(5_000, many(0.01)).at(-1)).toBe(2_500);
    expect(sizes(5_000, many(0.1)).at(-1)).toBe(250);
  });
  it('follows what events cost, and never more than doubles or halves for one page', () => {
    expect(sizes(5_000, [0.02, 0.02, 0.001, 0.02, 1, 0.02, 0.02])).toEqual([
      1_000, 1_250, 2_500, 1_250, 625, 1_250, 1_250,
    ]);
  });
  it('stays within the most, and above what makes pages dear', () => {
    expect(sizes(5_000, many(0.001)).at(-1)).toBe(5_000);
    expect(sizes(5_000, many(10)).at(-1)).toBe(100);
    expect(sizes(7, many(10)).at(-1)).toBe(7);
  });
  it('learns nothing from a page of few events', () => {
    expect(sizes(5_000, many(10), () => 5)).toEqual(many(500));
  });
  it('goes by the time that the event loop works', () => {
    const before = loopTime();
    expect(before).toBeGreaterThan(0);
    expect(loopTime()).toBeGreaterThanOrEqual(before);
  });
});
