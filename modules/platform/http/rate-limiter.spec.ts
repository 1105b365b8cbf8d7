import { describe, expect, it } from '@jest/globals';
import { RateLimiter } from './rate-limiter.js';

function limiter(requests: number, seconds: number) {
  const clock = { now: 0 };
  return { clock, limiter: new RateLimiter({ requests, seconds }, () => clock.now) };
}

describe('the rate limiter', () => {
  it('allows the quota at once and then as fast as it refills', () => {
    const { clock, limiter: limit } = limiter(3, 60);
    expect([1, 2, 3].map(() => limit.take('a').remaining)).toEqual([2, 1, 0]);
    expect(limit.take('a')).toEqual({ allowed: false, remaining: 0, resetSeconds: 60, retryAfterSeconds: 20 });
    clock.now = 20_000;
    expect(limit.take('a').allowed).toBe(true);
    expect(limit.take('a').allowed).toBe(false);
    clock.now = 1_000_000;
    expect(limit.take('a')).toMatchObject({ allowed: true, remaining: 2 });
  });

  it('counts each client alone', () => {
    const { limiter: limit } = limiter(1, 1);
    expect(limit.take('a').allowed).toBe(true);
    expect(limit.take('b').allowed).toBe(true);
    expect(limit.take('a').allowed).toBe(false);
  });

  it('loses no request of a quota to fractions', () => {
    const { clock, limiter: limit } = limiter(7, 1);
    clock.now = 12_345.678;
    expect(Array.from({ length: 8 }, () => limit.take('a').allowed).filter(Boolean)).toHaveLength(7);
  });
});
