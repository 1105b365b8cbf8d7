import { describe, expect, it } from '@jest/globals';
import { Readable } from 'node:stream';
import { linesOf } from './log-lines.js';
import { isBad } from './log-row.js';
import { ndjsonRows } from './ndjson.js';

async function read(text: string) {
  const rows = await Array.fromAsync(ndjsonRows(linesOf(Readable.from([text]))));
  return rows.map((row) => [row.line, isBad(row) ? row.problem : Object.fromEntries(row.fields)]);
}

describe('ndjsonRows', () => {
  it('keeps JSON types and skips blank lines', async () => {
    expect(await read('{"id":1,"ok":true}\r\n\n{"id":"a","list":[1,{"x":null}]}')).toEqual([
      [1, { id: 1, ok: true }],
      [3, { id: 'a', list: [1, { x: null }] }],
    ]);
  });

  it('reports what is no JSON object and goes on', async () => {
    const rows = await read('{"id":\n[1]\nnull\n{"id":1}\n');
    expect(rows).toEqual([
      [1, expect.stringMatching(/^is not JSON: /)],
      [2, 'is not a JSON object'],
      [3, 'is not a JSON object'],
      [4, { id: 1 }],
    ]);
  });

  it('does not lose odd keys', async () => {
    const rows = await Array.fromAsync(ndjsonRows(linesOf(Readable.from(['{"__proto__":1,"$set":2,"":3}']))));
    expect(rows).toEqual([
      {
        line: 1,
        fields: new Map([
          ['__proto__', 1],
          ['$set', 2],
          ['', 3],
        ]),
      },
    ]);
  });
});
