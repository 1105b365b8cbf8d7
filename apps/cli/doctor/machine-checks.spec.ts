import { describe, expect, it } from '@jest/globals';
import { checkClock, checkNode, checkSpace } from './machine-checks.js';

const MIB = 2 ** 20;
const now = Date.parse('2026-05-17T09:30:00Z');

describe('the disk', () => {
  it.each([
    [1_024 * MIB, 'ok'],
    [1_023 * MIB, 'warn'],
    [100 * MIB, 'warn'],
    [99 * MIB, 'fail'],
    [0, 'fail'],
  ])('with %d bytes free is %s', (free, verdict) => {
    expect(checkSpace('./data', free)).toMatchObject({ name: 'disk', verdict });
  });
});

describe('the clock', () => {
  it('is right where the server and the newest event agree with it', () => {
    expect(checkClock(now)).toMatchObject({ verdict: 'ok' });
    expect(checkClock(now, now - 2_000, now - 86_400_000)).toMatchObject({ verdict: 'ok' });
  });

  it('is doubted where the server has another time, or an event is of the future', () => {
    expect(checkClock(now, now + 60_000)).toMatchObject({ verdict: 'warn', found: expect.stringContaining('59 s') });
    expect(checkClock(now, now, now + 60_000)).toMatchObject({
      verdict: 'warn',
      found: expect.stringContaining('60 s'),
    });
  });
});

describe('Node', () => {
  it('must be new enough', () => {
    expect(checkNode('24.0.0')).toMatchObject({ verdict: 'ok' });
    expect(checkNode('22.19.0')).toMatchObject({ verdict: 'fail', cure: 'Install Node 24 or newer.' });
  });
});
