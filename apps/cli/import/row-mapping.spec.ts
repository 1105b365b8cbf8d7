import { describe, expect, it } from '@jest/globals';
import type { Json } from '#kernel/json';
import { CaseLedger } from './case-ledger.js';
import { isBad } from './log-row.js';
import { RowMapping, type Mapping } from './row-mapping.js';

const columns: Mapping = {
  noun: 'Order',
  id: 'case:id',
  verb: 'activity',
  time: 'at',
  thingColumns: new Set(['region']),
  renamed: new Map([['case:channel', 'via']]),
  reason: 'Import of orders.csv',
};
const placed = { 'case:id': 'o1', activity: 'placed', at: '2026-05-17T09:30:00Z' };

function mapping(overrides: Partial<Mapping> = {}) {
  const rows = new RowMapping({ ...columns, ...overrides }, new CaseLedger());
  let line = 1;
  return (fields: Record<string, Json>) => {
    const row = rows.commandOf({ line: ++line, fields: new Map(Object.entries(fields)) });
    return isBad(row)
      ? row.problem
      : (JSON.parse(row.json) as { idempotencyKey: string; fields: Record<string, Json> });
  };
}

describe('RowMapping', () => {
  it('makes one verb on one thing of a row', () => {
    expect(mapping()({ ...placed, 'case:channel': 'web', region: 'north', clerk: 'Kim' })).toEqual({
      command: 'ActOnThing',
      idempotencyKey: expect.stringMatching(/^import-[\w-]{43}$/),
      occurredAt: '2026-05-17T09:30:00.000Z',
      reason: 'Import of orders.csv',
      fields: {
        noun: 'Order',
        id: 'o1',
        verb: 'placed',
        data: { clerk: 'Kim' },
        set: { via: 'web', region: 'north' },
        create: true,
      },
    });
  });

  it('sends the data of the thing only where it changed since the last row of the case', () => {
    const of = mapping();
    const setOf = (fields: Record<string, Json>) => (of(fields) as { fields: Record<string, Json> }).fields['set'];
    expect(setOf({ ...placed, region: 'north' })).toEqual({ region: 'north' });
    expect(setOf({ ...placed, 'case:id': 'o2', region: 'north' })).toEqual({ region: 'north' });
    expect(setOf({ ...placed, region: 'north' })).toBeUndefined();
    expect(setOf(placed)).toBeUndefined();
    expect(setOf({ ...placed, region: 'south' })).toEqual({ region: 'south' });
  });

  it('gives equal rows keys of their own, and the same ones in every run', () => {
    const run = () => {
      const of = mapping();
      return [placed, placed, { ...placed, 'case:id': 'o2' }].map(
        (row) => (of(row) as { idempotencyKey: string }).idempotencyKey,
      );
    };
    expect(new Set(run()).size).toBe(3);
    expect(run()).toEqual(run());
  });

  it('gives a row the same key whatever the order of its columns and the names they get', () => {
    const keyOf = (row: string | { idempotencyKey: string }) => (row as { idempotencyKey: string }).idempotencyKey;
    const reversed = Object.fromEntries(Object.entries({ ...placed, clerk: 'Kim' }).reverse());
    const key = keyOf(mapping()({ ...placed, clerk: 'Kim' }));
    expect(keyOf(mapping()(reversed))).toBe(key);
    expect(keyOf(mapping({ renamed: new Map([['clerk', 'by']]) })(reversed))).toBe(key);
    expect(keyOf(mapping({ noun: 'Permit' })(reversed))).not.toBe(key);
  });

  it('keeps the keys of the rows after a bad one that is mended later', () => {
    const broken = mapping();
    broken({ ...placed, at: 'soon' });
    const mended = mapping();
    mended(placed);
    expect(broken({ ...placed, activity: 'paid' })).toEqual(mended({ ...placed, activity: 'paid' }));
  });

  it.each([
    [{ ...placed, 'case:id': '' }, "there is no id in 'case:id'"],
    [{ ...placed, 'case:id': null }, "there is no id in 'case:id'"],
    [{ ...placed, activity: {} }, "there is no verb in 'activity'"],
    [{ 'case:id': 'o1', activity: 'x' }, "there is no time in 'at'"],
    [{ ...placed, at: 'soon' }, "'soon' in 'at' is not an ISO 8601 time such as 2026-05-17T09:30:00Z"],
  ])('says what is missing in %j', (fields, problem) => {
    expect(mapping()(fields as Record<string, Json>)).toBe(problem);
  });

  it('gives a verb another name', () => {
    const of = mapping({ renamed: new Map([['created', 'opened']]) });
    expect(of({ ...placed, activity: 'created' })).toMatchObject({ fields: { verb: 'opened' } });
  });

  it('takes numbers for ids', () => {
    expect(mapping()({ ...placed, 'case:id': 17 })).toMatchObject({ fields: { id: '17' } });
  });
});
