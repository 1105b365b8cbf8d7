import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { csvCells, csvRow } from './csv.js';

describe('a row of CSV', () => {
  it('gives cells back as they were', () => {
    const text = fc.array(
      fc.oneof(fc.string(), fc.constantFrom('=1+1', '+1', '-1', '@x', "'", "'=", '\t', 'a"b', 'a,b', '\r\n')),
      {
        minLength: 1,
      },
    );
    fc.assert(
      fc.property(text, (cells) => {
        expect(csvCells(csvRow(cells).slice(0, -2))).toEqual(cells);
      }),
      { seed: 3 },
    );
  });
  it('has no cell that a spreadsheet would run', () => {
    const formula = fc
      .tuple(fc.constantFrom('=', '+', '-', '@', '\t', '\r'), fc.string())
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(formula, (cell) => {
        expect(csvRow([cell])).toMatch(/^"?'/);
      }),
      { seed: 3 },
    );
  });
  it('is not taken from what is none', () => {
    for (const row of ['a"b', '"a', '"a"b', 'a\nb']) expect(csvCells(row)).toBeUndefined();
  });
});
