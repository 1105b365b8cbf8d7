import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { serve } from '#apps/api/main';
import { importLog, type ImportRequest } from '#apps/cli/import/import-log';
import { ThingsClient } from '#test/support/things-client';

const logs = 'test/support/logs';
/** A real log, where it is there; see CONTRIBUTING.md. */
const receiptLog = process.env['PERDURE_RECEIPT_LOG'] ?? '../shared/data/receipt.csv';

const options = { encoding: 'utf-8', delimiter: ',', batch: 500, wait: 10, strict: false };
const orderColumns = { id: 'case', verb: 'activity', time: 'at' };

let folder: string;
let server: Awaited<ReturnType<typeof serve>>;
let things: ThingsClient;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'perdure-'));
  server = await serve({ PORT: '0', PERDURE_DATA: join(folder, 'data') });
  things = new ThingsClient(server.url);
});

afterAll(async () => {
  await server?.close();
  await rm(folder, { recursive: true });
});

async function run(request: Pick<ImportRequest, 'file' | 'noun'> & Partial<ImportRequest>) {
  let said = '';
  const output = { write: (text: string) => (said += text) };
  const { rows, cases, added, known, refused } = await importLog({ ...options, url: server.url, ...request }, output);
  return { rows, cases, added, known, refused, said };
}

async function file(name: string, content: string | Buffer): Promise<string> {
  await writeFile(join(folder, name), content);
  return join(folder, name);
}

/** What an import keeps of every case, without what differs from noun to noun. */
async function contentOf(noun: string) {
  const content: Record<string, object> = {};
  for (const { $id, ...thing } of await things.settled(noun, 59)) {
    const history = await things.history(noun, $id);
    const events = history.map(({ type, data, occurredAt }) => ({ type: type.replace(noun, ''), data, occurredAt }));
    content[$id] = { thing: { ...thing, $type: 'Order' }, events };
  }
  return content;
}

describe("an import of the project's own log", () => {
  it('makes the same things and histories of CSV, NDJSON and XES, packed or not', async () => {
    const packed = await file('orders.ndjson.gz', gzipSync(readFileSync(`${logs}/orders.ndjson`)));
    const done = { rows: 59, cases: 12, added: 59, known: 0, refused: 0, said: '' };
    expect(await run({ file: `${logs}/orders.csv`, noun: 'CsvOrder', ...orderColumns })).toEqual(done);
    expect(await run({ file: packed, noun: 'NdjsonOrder', ...orderColumns, batch: 7 })).toEqual(done);
    expect(await run({ file: `${logs}/orders.xes`, noun: 'XesOrder' })).toEqual(done);

    const content = await contentOf('CsvOrder');
    expect(content).toMatchObject({
      'order-1008': {
        thing: { customer: 'Grace Murray', channel: 'shop', voucher: 'SPRING-7', $revision: 6 },
        events: [
          { type: '.placed', data: { set: { customer: 'Grace Murray' } } },
          { type: '.paid', data: {} },
          { type: '.packed' },
          { type: '.paid' },
          { type: '.shipped' },
          { type: '.delivered' },
          {
            type: '.returned',
            data: { data: { clerk: 'Noor', note: 'Customer wrote: "too small",\nplease refund.' } },
            occurredAt: '2026-03-07T12:44:22.340Z',
          },
        ],
      },
    });
    expect(await contentOf('NdjsonOrder')).toEqual(content);
    expect(await contentOf('XesOrder')).toEqual(content);
  });

  it('adds nothing when it runs again, and only the new rows when the log has grown', async () => {
    const rows = readFileSync(`${logs}/orders.ndjson`, 'utf8').split('\n');
    const log = await file('growing.ndjson', rows.slice(0, 30).join('\n'));
    expect(await run({ file: log, noun: 'GrowingOrder', ...orderColumns })).toMatchObject({ added: 30, known: 0 });
    expect(await run({ file: log, noun: 'GrowingOrder', ...orderColumns })).toMatchObject({ added: 0, known: 30 });
    await file('growing.ndjson', rows.join('\n'));
    expect(await run({ file: log, noun: 'GrowingOrder', ...orderColumns })).toMatchObject({ added: 29, known: 30 });
    expect(await contentOf('GrowingOrder')).toEqual(await contentOf('CsvOrder'));
  });

  it('reports each bad row with its line, brings the others in, and takes the mended rows later', async () => {
    const rows = (bad: string[]) =>
      ['id,what,when,note', 'a,begin,2026-01-01T00:00:00Z,"two', 'lines"', ...bad, 'a,end,2026-01-03T00:00:00Z,'].join(
        '\n',
      );
    const broken = [
      'a,middle,soon,',
      'a,,2026-01-02T00:00:00Z,',
      ',middle,2026-01-02T00:00:00Z,',
      'a,created,2026-01-02,x',
      'a,b',
    ];
    const columns = { noun: 'Case', id: 'id', verb: 'what', time: 'when' };
    const first = await run({ file: await file('bad.csv', rows(broken)), ...columns });
    expect(first).toMatchObject({ rows: 7, added: 2, refused: 5 });
    expect(first.said.split('\n').sort()).toEqual([
      '',
      "line 4: 'soon' in 'when' is not an ISO 8601 time such as 2026-05-17T09:30:00Z",
      "line 5: there is no verb in 'what'",
      "line 6: there is no id in 'id'",
      expect.stringMatching(/^line 7: 'created' is what Perdure itself records.*--rename 'created=…'/),
      'line 8: has 2 cells where the header has 4',
    ]);
    const mended = [
      'a,middle,2026-01-02T00:00:00Z,',
      'a,x,2026-01-02T00:00:00Z,',
      'b,y,2026-01-02,',
      'a,created,2026-01-02,x',
      'b,z,2026-01-02,',
    ];
    const second = await run({ file: await file('bad.csv', rows(mended)), ...columns, rename: ['created=opened'] });
    expect(second).toMatchObject({ rows: 7, added: 5, known: 2, refused: 0 });
  });

  it('stops at the first bad row where it is strict, and keeps what comes before it', async () => {
    const log = await file('strict.csv', 'id,what,when\na,one,2026-01-01\na,two,never\na,three,2026-01-03\n');
    const report = await run({ file: log, noun: 'Strict', id: 'id', verb: 'what', time: 'when', strict: true });
    expect(report).toMatchObject({ rows: 2, added: 1, refused: 1 });
    expect((await things.history('Strict', 'a')).map(({ type }) => type)).toEqual(['Strict.one']);
  });

  it('isolates a row that no server takes', async () => {
    const log = await file(
      'odd.ndjson',
      '{"id":1,"v":"a","t":"2026-01-01"}\n{"id":1,"v":"b","t":"2026-01-01","__proto__":{}}\n',
    );
    const report = await run({ file: log, noun: 'Odd', id: 'id', verb: 'v', time: 't' });
    expect(report).toMatchObject({ added: 1, refused: 1, said: expect.stringMatching(/^line 2: /) });
  });
});

(existsSync(receiptLog) ? describe : describe.skip)('an import of the receipt log', () => {
  const columns = { id: 'case:concept:name', verb: 'concept:name', time: 'time:timestamp' };

  it('makes one thing of each case and one event of each row, in order', async () => {
    const rows = parse<Record<string, string>>(readFileSync(receiptLog), { columns: true });
    const request = { file: receiptLog, noun: 'Permit', ...columns };
    expect(await run(request)).toMatchObject({
      rows: 8_577,
      cases: 1_434,
      added: 8_577,
      known: 0,
      refused: 0,
    });
    expect(await run(request)).toMatchObject({ rows: 8_577, cases: 1_434, added: 0, known: 8_577, refused: 0 });

    const listed = await things.settled('Permit', 8_577);
    expect(listed).toHaveLength(1_434);
    const general = { department: 'General' };
    const ids = rows.filter((row) => row['case:department'] === 'General').map((row) => row[columns.id]);
    expect(await things.count('Permit', general)).toBe(new Set(ids).size);

    const cases = Map.groupBy(rows, (row) => row[columns.id]!);
    for (const thing of listed) {
      const expected = cases.get(thing.$id)!;
      const history = await things.history('Permit', thing.$id);
      expect(history.map(({ type, occurredAt }) => [type, occurredAt])).toEqual(
        expected.map((row) => [`Permit.${row[columns.verb]}`, new Date(row[columns.time]!).toISOString()]),
      );
      expect(history.map(({ data }) => data.data!['concept:instance'])).toEqual(
        expected.map((row) => row['concept:instance']),
      );
      expect(thing).toMatchObject({
        channel: expected[0]!['case:channel'],
        responsible: expected[0]!['case:responsible'],
      });
    }
  }, 120_000);
});
