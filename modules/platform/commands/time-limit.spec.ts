import { describe, expect, it } from '@jest/globals';
import { TookTooLong, withinTime } from './time-limit.js';

describe('work within a time', () => {
  it('gives what it returns, and throws what it throws', () => {
    expect(withinTime(1_000, () => 7)).toBe(7);
    const error = new RangeError('out of it');
    expect(() => withinTime(1_000, () => fail(error))).toThrow(error);
  });

  it('is cut off where it would go on for ever, and the next one is not', () => {
    expect(() => withinTime(20, endless)).toThrow(TookTooLong);
    expect(withinTime(1_000, () => 'again')).toBe('again');
  });
});

function fail(error: Error): never {
  throw error;
}

function endless(): never {
  for (;;);
}
