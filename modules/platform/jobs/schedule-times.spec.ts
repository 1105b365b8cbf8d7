import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { firstTime, lastOccurrence, nextOccurrence, type Recurrence } from './schedule-times.js';

const at = (text: string): number => Date.parse(text);

/** All occurrences in [from, to). */
function occurrences(time: Recurrence, from: string, to: string): string[] {
  const found: string[] = [];
  let next = nextOccurrence(time, at(from) - 1, 0);
  for (; next !== undefined && next < at(to); next = nextOccurrence(time, next, 0)) {
    found.push(new Date(next).toISOString().replace(':00.000Z', 'Z'));
  }
  return found;
}

/** The same cron expression in a zone around a change of its clock, and when it fires. */
interface Change {
  readonly zone: string;
  readonly cron: string;
  readonly from: string;
  readonly to: string;
  readonly fires: readonly string[];
}

const GAPS: readonly Change[] = [
  {
    // 02:00 → 03:00 on 29 March.
    ...{ zone: 'Europe/Berlin', cron: '30 2 * * *', from: '2026-03-28T00:00:00Z', to: '2026-03-31T00:00:00Z' },
    fires: ['2026-03-28T01:30Z', '2026-03-29T01:00Z', '2026-03-30T00:30Z'],
  },
  {
    ...{ zone: 'Europe/Berlin', cron: '0 * * * *', from: '2026-03-29T00:00:00Z', to: '2026-03-29T03:00:00Z' },
    fires: ['2026-03-29T00:00Z', '2026-03-29T01:00Z', '2026-03-29T02:00Z'],
  },
  {
    ...{ zone: 'Europe/Berlin', cron: '*/30 2 * * *', from: '2026-03-28T00:00:00Z', to: '2026-03-31T00:00:00Z' },
    fires: ['2026-03-28T01:00Z', '2026-03-28T01:30Z', '2026-03-30T00:00Z', '2026-03-30T00:30Z'],
  },
  {
    // 02:00 → 03:00 on 8 March.
    ...{ zone: 'America/New_York', cron: '30 2 * * *', from: '2026-03-07T00:00:00Z', to: '2026-03-10T00:00:00Z' },
    fires: ['2026-03-07T07:30Z', '2026-03-08T07:00Z', '2026-03-09T06:30Z'],
  },
  {
    // Half an hour, 02:00 → 02:30 on 4 October.
    ...{ zone: 'Australia/Lord_Howe', cron: '15 2 * * *', from: '2026-10-02T00:00:00Z', to: '2026-10-05T00:00:00Z' },
    fires: ['2026-10-02T15:45Z', '2026-10-03T15:30Z', '2026-10-04T15:15Z'],
  },
  {
    ...{ zone: 'UTC', cron: '30 2 * * *', from: '2026-03-28T00:00:00Z', to: '2026-03-31T00:00:00Z' },
    fires: ['2026-03-28T02:30Z', '2026-03-29T02:30Z', '2026-03-30T02:30Z'],
  },
];

const FOLDS: readonly Change[] = [
  {
    // 03:00 → 02:00 on 25 October.
    ...{ zone: 'Europe/Berlin', cron: '30 2 * * *', from: '2026-10-24T00:00:00Z', to: '2026-10-27T00:00:00Z' },
    fires: ['2026-10-24T00:30Z', '2026-10-25T00:30Z', '2026-10-26T01:30Z'],
  },
  {
    ...{ zone: 'Europe/Berlin', cron: '30 * * * *', from: '2026-10-25T00:00:00Z', to: '2026-10-25T03:00:00Z' },
    fires: ['2026-10-25T00:30Z', '2026-10-25T01:30Z', '2026-10-25T02:30Z'],
  },
  {
    ...{ zone: 'Europe/Berlin', cron: '*/30 2 * * *', from: '2026-10-25T00:00:00Z', to: '2026-10-25T03:00:00Z' },
    fires: ['2026-10-25T00:00Z', '2026-10-25T00:30Z', '2026-10-25T01:00Z', '2026-10-25T01:30Z'],
  },
  {
    // 02:00 → 01:00 on 1 November.
    ...{ zone: 'America/New_York', cron: '30 1 * * *', from: '2026-10-31T00:00:00Z', to: '2026-11-03T00:00:00Z' },
    fires: ['2026-10-31T05:30Z', '2026-11-01T05:30Z', '2026-11-02T06:30Z'],
  },
  {
    // Half an hour, 02:00 → 01:30 on 5 April.
    ...{ zone: 'Australia/Lord_Howe', cron: '45 1 * * *', from: '2026-04-03T00:00:00Z', to: '2026-04-06T00:00:00Z' },
    fires: ['2026-04-03T14:45Z', '2026-04-04T14:45Z', '2026-04-05T15:15Z'],
  },
  {
    ...{ zone: 'UTC', cron: '30 1 * * *', from: '2026-10-24T00:00:00Z', to: '2026-10-27T00:00:00Z' },
    fires: ['2026-10-24T01:30Z', '2026-10-25T01:30Z', '2026-10-26T01:30Z'],
  },
];

describe('cron', () => {
  it.each(GAPS)('$cron in $zone, where the clock jumps forward from $from', ({ zone, cron, from, to, fires }) => {
    expect(occurrences({ cron, timeZone: zone }, from, to)).toEqual(fires);
  });

  it.each(FOLDS)('$cron in $zone, where an hour comes twice from $from', ({ zone, cron, from, to, fires }) => {
    expect(occurrences({ cron, timeZone: zone }, from, to)).toEqual(fires);
  });

  const zones = fc.constantFrom('Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'UTC');
  const crons = fc.constantFrom(
    '30 2 * * *',
    '0 * * * *',
    '*/15 * * * *',
    '*/20 1-3 * * *',
    '5 0 * * 1',
    '15 30 1 * * *',
  );
  const times = fc.integer({ min: at('2026-01-01T00:00:00Z'), max: at('2027-01-01T00:00:00Z') });

  it('has occurrences that do not depend on where the search began', () => {
    const property = fc.property(crons, zones, times, fc.nat(90 * 60_000), (cron, timeZone, begin, later) => {
      const time = { cron, timeZone };
      const next = nextOccurrence(time, begin, 0)!;
      const between = Math.min(begin + later, next - 1);
      expect(nextOccurrence(time, between, 0)).toBe(next);
    });
    fc.assert(property, { numRuns: 2_000 });
  });

  it('finds the last occurrence where the next one would have found it', () => {
    const property = fc.property(crons, zones, times, (cron, timeZone, now) => {
      const time = { cron, timeZone };
      const last = lastOccurrence(time, now, 0)!;
      expect(last).toBeLessThanOrEqual(now);
      expect(nextOccurrence(time, last - 1, 0)).toBe(last);
      expect(nextOccurrence(time, last, 0)).toBeGreaterThan(now);
    });
    fc.assert(property, { numRuns: 2_000 });
  });
});

describe('every', () => {
  it('keeps to its start, however late it is looked at', () => {
    const time = { every: 1_000, from: '2026-01-01T00:00:00.250Z' };
    const start = at(time.from);
    expect(nextOccurrence(time, start - 99_999, 0)).toBe(start);
    expect(nextOccurrence(time, start - 1, 0)).toBe(start);
    expect(nextOccurrence(time, start, 0)).toBe(start + 1_000);
    expect(nextOccurrence(time, start + 5_999, 0)).toBe(start + 6_000);
    expect(lastOccurrence(time, start - 1, 0)).toBeUndefined();
    expect(lastOccurrence(time, start + 5_999, 0)).toBe(start + 5_000);
    expect(lastOccurrence(time, start + 6_000, 0)).toBe(start + 6_000);
  });

  it('counts from when it was scheduled where nothing else is said', () => {
    expect(firstTime({ every: 1_000 }, 500)).toBe(1_500);
    expect(nextOccurrence({ every: 1_000 }, 1_700, 500)).toBe(2_500);
  });
});

describe('the first time', () => {
  const now = at('2026-05-05T12:00:00Z');

  it.each([
    [undefined, now],
    [{ at: '2026-05-05T14:00:00+02:00' }, now],
    [{ after: 60_000 }, now + 60_000],
    [{ every: 60_000, from: '2027-01-01T00:00:00Z' }, at('2027-01-01T00:00:00Z')],
    [{ every: 60_000, from: '2026-05-05T11:00:30Z' }, now + 30_000],
    [{ every: 60_000, from: '2026-05-05T11:00:00Z', since: '2026-05-05T11:10:00Z' }, at('2026-05-05T11:11:00Z')],
    [{ cron: '0 3 * * *' }, at('2026-05-06T03:00:00Z')],
    [{ cron: '0 3 * * *', since: '2026-05-01T10:00:00Z' }, at('2026-05-02T03:00:00Z')],
  ])('of %j', (time, expected) => {
    expect(firstTime(time, now)).toBe(expected);
  });
});
