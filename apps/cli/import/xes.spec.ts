import { describe, expect, it } from '@jest/globals';
import { Readable } from 'node:stream';
import { CommandFailed } from '../exit-codes.js';
import type { LogRow } from './log-row.js';
import { xesRows } from './xes.js';

async function read(text: string) {
  const rows: [number, unknown][] = [];
  for await (const row of xesRows(Readable.from(text.match(/[^]{1,7}/g)!))) {
    rows.push([row.line, Object.fromEntries((row as LogRow).fields)]);
  }
  return rows;
}

describe('xesRows', () => {
  it('gives one row an event, with the attributes of its trace as case:…', async () => {
    const log = `<?xml version="1.0" encoding="UTF-8"?>
<log>
  <global scope="event"><string key="concept:name" value="unknown"/></global>
  <string key="concept:name" value="name of the log"/>
  <trace>
    <string key="concept:name" value="case 1 &amp; only"/>
    <int key="amount" value="12"/>
    <event>
      <string key="concept:name" value="start"/>
      <date key="time:timestamp" value="2011-10-11T13:45:40.276+02:00"/>
    </event>
    <event
      ><string key="concept:name" value="end"/></event>
  </trace>
  <event><string key="concept:name" value="of no case"/></event>
</log>`;
    expect(await read(log)).toEqual([
      [
        8,
        {
          'case:concept:name': 'case 1 & only',
          'case:amount': 12,
          'concept:name': 'start',
          'time:timestamp': '2011-10-11T13:45:40.276+02:00',
        },
      ],
      [12, { 'case:concept:name': 'case 1 & only', 'case:amount': 12, 'concept:name': 'end' }],
      [15, { 'concept:name': 'of no case' }],
    ]);
  });

  it('keeps types, nested attributes, lists and containers', async () => {
    const log = `<log><trace><event>
      <boolean key="b" value="true"/><float key="f" value="1.5"/><int key="i" value="-3"/><id key="u" value="6c1c"/>
      <int key="big" value="9007199254740993"/><float key="nan" value="NaN"/>
      <string key="s" value="x"><string key="unit" value="kg"/></string>
      <list key="l"><values><string key="a" value="1"/><string key="a" value="2"/></values></list>
      <container key="c"><int key="d" value="4"/></container>
    </event></trace></log>`;
    expect(await read(log)).toEqual([
      [
        1,
        {
          b: true,
          f: 1.5,
          i: -3,
          u: '6c1c',
          big: '9007199254740993',
          nan: 'NaN',
          s: { value: 'x', attributes: { unit: 'kg' } },
          l: [{ a: '1' }, { a: '2' }],
          c: { d: 4 },
        },
      ],
    ]);
  });

  it('says where the XML is broken, after the rows before it', async () => {
    const rows: number[] = [];
    const reading = (async () => {
      for await (const row of xesRows(Readable.from(['<log><trace><event/>\n<event>\n</trace>']))) rows.push(row.line);
    })();
    await expect(reading).rejects.toThrow(/^The XML is broken at 3:/);
    expect(rows).toEqual([1]);
  });

  it('refuses what is no XES log', async () => {
    await expect(read('<html></html>')).rejects.toThrow(CommandFailed);
    await expect(read('case,activity\n')).rejects.toThrow(CommandFailed);
  });
});
