import { describe, expect, it } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import * as fc from 'fast-check';
import { Readable } from 'node:stream';
import { UsageError } from '../exit-codes.js';
import { parseCsvRecord } from './csv-record.js';
import { csvRows } from './csv.js';
import { linesOf } from './log-lines.js';
import { isBad } from './log-row.js';

async function read(text: string, { delimiter = ',', required = ['id'], pieceLength = 3 } = {}) {
  const pieces = text.match(new RegExp(`[^]{1,${pieceLength}}`, 'g')) ?? [];
  const rows = await Array.fromAsync(csvRows(linesOf(Readable.from(pieces)), { delimiter, required }));
  return rows.map((row) => [row.line, isBad(row) ? row.problem : Object.fromEntries(row.fields)]);
}

describe('parseCsvRecord', () => {
  it.each([
    ['a,b,c', ['a', 'b', 'c']],
    ['a,,', ['a', '', '']],
    ['"a,b",c', ['a,b', 'c']],
    ['"say ""hi""",""', ['say "hi"', '']],
    ['"",a', ['', 'a']],
    ['a,""', ['a', '']],
    ['"a",', ['a', '']],
    ['6" pipe,x', ['6" pipe', 'x']],
    ['"""",x', ['"', 'x']],
    ['"a', 'open'],
    ['x,"a""', 'open'],
    ['"a"b,c', 'malformed'],
  ])('reads %s', (text, cells) => {
    expect(parseCsvRecord(text, ',')).toEqual(cells);
  });
});

describe('csvRows', () => {
  it('gives each row the line it begins in, also after quoted line feeds and blank lines', async () => {
    expect(await read('\nid,note\n1,"two\r\nlines"\r\n\n2,x\r\n3,\n')).toEqual([
      [3, { id: '1', note: 'two\r\nlines' }],
      [6, { id: '2', note: 'x' }],
      [7, { id: '3' }],
    ]);
  });

  it('reads a last line without a line feed', async () => {
    expect(await read('id,a\n1,2')).toEqual([[2, { id: '1', a: '2' }]]);
  });

  it('takes another delimiter', async () => {
    expect(await read('id;a\n1;"x;y"\n', { delimiter: ';' })).toEqual([[2, { id: '1', a: 'x;y' }]]);
  });

  it('reports rows of another width and goes on', async () => {
    expect(await read('id,a\n1\n2,x,y\n3,z\n')).toEqual([
      [2, 'has 1 cells where the header has 2'],
      [3, 'has 3 cells where the header has 2'],
      [4, { id: '3', a: 'z' }],
    ]);
  });

  it('loses only the line of a quote that is never closed', async () => {
    expect(await read('id,a\n1,"open\n2,x\n3,"y"\n4,z\n')).toEqual([
      [2, 'a quoted cell goes on after its closing quote; write "" for a quote inside it'],
      [3, { id: '2', a: 'x' }],
      [4, { id: '3', a: 'y' }],
      [5, { id: '4', a: 'z' }],
    ]);
    expect(await read('id,a\n1,"open\n2,x\n3,"open\n4,y\n')).toEqual([
      [2, 'a quoted cell goes on after its closing quote; write "" for a quote inside it'],
      [3, { id: '2', a: 'x' }],
      [4, 'a quote is opened and never closed'],
      [5, { id: '4', a: 'y' }],
    ]);
  });

  it('looks for the end of a quoted cell within 1 MiB', async () => {
    const lines = Array.from({ length: 40_000 }, (_, i) => `${i},${'x'.repeat(40)}`).join('\n');
    const rows = await read(`id,a\n1,"open\n${lines}\n`, { pieceLength: 65_536 });
    expect(rows).toHaveLength(40_001);
    expect(rows[0]).toEqual([2, 'a quote is opened and never closed']);
    expect(rows.at(-1)).toEqual([40_002, { id: '39999', a: 'x'.repeat(40) }]);
  });

  it('agrees with csv-parse on whatever is well-formed', async () => {
    const cell = fc.string({ unit: fc.constantFrom('a', 'ö', '"', ',', '\n', '\r\n', ' ', '€'), maxLength: 6 });
    const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
    const written = cell.chain((text) => fc.constant(/[",\n\r]/.test(text) ? quoted(text) : text));
    const table = fc.array(fc.tuple(fc.constant('1'), written, written), { minLength: 1, maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(
        table,
        fc.constantFrom('\n', '\r\n'),
        fc.integer({ min: 1, max: 40 }),
        async (rows, end, pieceLength) => {
          const text = ['id,a,b', ...rows.map((cells) => cells.join(','))].join(end) + end;
          const expected = parse(text, { columns: true, info: true, record_delimiter: end }) as unknown as {
            record: Record<string, string>;
          }[];
          const ours = await read(text, { pieceLength });
          expect(ours.map(([, row]) => row)).toEqual(
            expected.map(({ record }) =>
              Object.fromEntries(Object.entries(record).filter(([, value]) => value !== '')),
            ),
          );
        },
      ),
    );
  });

  it('says which columns there are where one is missing', async () => {
    await expect(read('key;a\n1;2\n')).rejects.toThrow(
      new UsageError("There is no column 'id'. With ',' between them the columns are: key;a"),
    );
  });

  it('refuses a header that names a column twice', async () => {
    await expect(read('id,a,a\n1,2,3\n')).rejects.toThrow("The column 'a' is there twice");
  });
});

describe('linesOf', () => {
  it('lets go of a line that is too long and reads the next one', async () => {
    const lines = await Array.fromAsync(linesOf(Readable.from(['ab', 'cde', 'f\ng', 'h\n', 'ijklmn']), 5));
    expect(lines).toEqual([
      { number: 1, text: '', tooLong: true },
      { number: 2, text: 'gh' },
      { number: 3, text: '', tooLong: true },
    ]);
  });
});
