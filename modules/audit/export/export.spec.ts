import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { START, type Recorded } from '#kernel/event';
import { uuidv7 } from '#kernel/ids';
import { JsonText } from '#platform/event-store/event-content';
import type { NewEvent } from '#platform/event-store/event-store.port';
import { SqliteEventStore } from '#platform/event-store/sqlite-event-store.adapter';
import { SqliteReadStore } from '#platform/read-store/sqlite-read-store.adapter';
import { auditProjection } from '#projections/audit.projection';
import { audit } from '#read-models/audit';
import type { AuditQuery } from '../audit-query.js';
import { AuditKey } from '../heads/audit-key.js';
import { signHead, type SignedHead } from '../heads/signed-head.js';
import { AuditTree } from '../tree/audit-tree.js';
import { auditTiles } from '../tree/tiles.js';
import { TreeWriter } from '../tree/tree-writer.js';
import { csvCells, csvRow } from './csv.js';
import { EXPORT_FORMATS, type ExportFormat } from './export-format.js';
import { verifyExport, type ExportProblem, type ExportVerdict } from './verify-export.js';
import { exportText } from './write-export.js';

const { ndjson, csv } = EXPORT_FORMATS;
const key = AuditKey.ephemeral();
/** More than two checkpoints. */
const EVENTS = 2_300;

let stored: SqliteEventStore;
let documents: SqliteReadStore;
let tree: AuditTree;
let head: SignedHead;

let ids = 0;
const newEvent = (type: string, data: object, more: object = {}): NewEvent => {
  const metadata = { tenant: 'main', actor: { type: 'user', id: '=ada' }, reason: '-2+3', occurredAt: 'x', ...more };
  return { id: uuidv7(1_767_225_600_000 + ids++, new Uint8Array(16)), type, data, metadata };
};

beforeAll(async () => {
  stored = await SqliteEventStore.open(':memory:');
  documents = await SqliteReadStore.open(':memory:');
  await documents.define(audit);
  await documents.define(auditTiles);
  const odd = [
    newEvent('=cmd|calc', { text: 'says "hi", then\r\ngoes', tab: '\t', é: '🦆', $sealed: 'x' }),
    newEvent('@bytes', Uint8Array.of(0, 255, 10, 34)),
    newEvent('-letters', new JsonText('{ "big": 12345678901234567890,\n "b":1, "1":2, "dup":1, "dup":2 }')),
    { ...newEvent('theirs', {}), metadata: Uint8Array.of(1, 2) },
    { ...newEvent("'quoted", []), metadata: new JsonText('null') },
  ];
  await stored.append('main.Odd-1', 'none', odd);
  for (let n = odd.length; n < EVENTS; n += 50) {
    const some = Array.from({ length: Math.min(50, EVENTS - n) }, (_, i) => newEvent('Order.paid', { n: n + i }));
    await stored.append(`main.Order-${n}`, 'none', some);
  }
  await stored.setMetadata('main.Order-5', { truncateBefore: 3 });
  tree = new AuditTree(stored, documents);
  const writer = new TreeWriter(stored, documents, tree, { pageSize: 500 });
  await writer.load();
  while (!(await writer.grow()));
  head = signHead(
    { size: EVENTS, root: await tree.root(EVENTS), at: '2026-01-01T00:00:00Z' },
    writer.position,
    key.privateKey,
  );
  for (let position = START, end = false; !end;) {
    const slice = await stored.readAll({ position, hidden: true });
    await documents.write(slice.events.map((event) => documentOf(event)));
    ({ position, end } = slice);
  }
});
afterAll(async () => {
  await stored.close();
  await documents.close();
});

function documentOf(event: Recorded) {
  return { collection: audit.name, id: auditProjection.key(event)!, document: auditProjection.evolve(null, event) };
}

const source = () => ({ stored, documents, tree });
const order = (query: AuditQuery) => ({
  ...{ tenant: 'main', query, head, exportedAt: new Date(0), privateKey: key.privateKey },
});
const exported = async (format: ExportFormat, query: AuditQuery = {}, from = source()) =>
  (await Array.fromAsync(exportText(from, order(query), format))).join('');

async function* inPieces(text: string, size = 65_536) {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
const verify = (text: string, format: ExportFormat, publicKey = key.publicKey, size?: number): Promise<ExportVerdict> =>
  verifyExport(inPieces(text, size), publicKey, format);
const problemOf = async (text: string, format: ExportFormat): Promise<ExportProblem> => {
  const verdict = await verify(text, format);
  if (verdict.sound) throw new Error('It is sound.');
  return verdict.problem;
};

/** The lines of an export, or its rows, with their ends; no row but those of odd data has a line feed within. */
function linesOf(text: string, format: ExportFormat): string[] {
  if (!format.quoted) return text.split(/(?<=\n)/);
  const lines: string[] = [];
  let open = '';
  for (const part of text.split(/(?<=\n)/)) {
    open += part;
    if ((open.split('"').length - 1) % 2 === 1) continue;
    lines.push(open);
    open = '';
  }
  return lines;
}

describe.each([ndjson, csv])('an export as $extension', (format) => {
  let whole: string;
  let some: string;
  beforeAll(async () => {
    whole = await exported(format);
    some = await exported(format, { objectType: 'Odd' });
  });

  it('is verified with nothing but the public key, however its bytes come', async () => {
    for (const size of [7, 1_000, 1e9]) {
      await expect(verify(some, format, key.publicKey, size)).resolves.toMatchObject({ sound: true, records: 5 });
    }
    const verdict = await verify(whole, format);
    expect(verdict).toMatchObject({
      sound: true,
      records: EVENTS,
      header: { coverage: 'all' },
      head: { size: EVENTS },
    });
    await expect(verify(await exported(format, { types: ['none'] }), format)).resolves.toMatchObject({ records: 0 });
  });

  it('names whatever is done to any line', async () => {
    const texts = [some, whole].map((text) => linesOf(text, format));
    const place = fc.double({ min: 0, max: 0.999999, noNaN: true });
    const kind = fc.constantFrom('remove', 'repeat', 'swap', 'alter', 'cut', 'insert');
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...texts),
        kind,
        place,
        place,
        fc.nat(),
        async (lines, what, at, within, other) => {
          // The last line, too, but there is nothing to swap it with.
          const index = Math.floor(at * (lines.length - (what === 'swap' ? 1 : 0)));
          const line = lines[index]!;
          const before = (upTo: number) => lines.slice(0, upTo).join('').split('\n').length;
          const changed = mutated(lines, what, index, Math.floor(within * line.length), other);
          if (changed.join('') === lines.join('')) return;
          const problem = await problemOf(changed.join(''), format);
          const named = what === 'repeat' || what === 'insert' ? before(index + 1) : before(index);
          expect([what, problem.line]).toEqual([what, named]);
        },
      ),
      { seed: 7, numRuns: 150 },
    );
  });

  it('tells a wrong key from a changed header', async () => {
    const verdict = await verify(some, format, AuditKey.ephemeral().publicKey);
    expect(verdict).toMatchObject({ sound: false, problem: { code: 'wrong-key', line: format.heading ? 2 : 1 } });
    await expect(
      problemOf(some.replace('"main"', '"mein"').replace('""main""', '""mein""'), format),
    ).resolves.toMatchObject({ code: 'header' });
  });

  it('names records that were renumbered to hide what was done', async () => {
    const lines = linesOf(whole, format);
    const first = format.heading ? 2 : 1;
    const renumbered = (records: string[]) =>
      records.map((line, i) =>
        format.quoted
          ? line.replace(/^leaf,\d+,\d+/, `leaf,${i + 1},${i}`)
          : line.replace(/^\{"record":\d+,"leaf":\d+/, `{"record":${i + 1},"leaf":${i}`),
      );
    const records = lines.slice(first, first + 1_000);
    const rest = lines.slice(first + 1_000);
    const forged = (...of: string[]) => [...lines.slice(0, first), ...renumbered(of), ...rest].join('');
    const lineOf = (n: number) =>
      lines
        .slice(0, first + n)
        .join('')
        .split('\n').length;
    const removed = await problemOf(forged(...records.toSpliced(499, 1)), format);
    expect(removed).toMatchObject({ code: 'removed', record: 500, line: lineOf(499) });
    const changed = await problemOf(forged(...records.with(499, records[400]!)), format);
    expect(changed).toMatchObject({ code: 'changed', record: 500, line: lineOf(499), event: { type: 'Order.paid' } });
  });

  it('says what the store no longer has, and takes nothing that it has for that', async () => {
    const { events } = await stored.readAll({ hidden: true, limit: EVENTS });
    const other = await SqliteEventStore.open(':memory:');
    await other.restore(events.toSpliced(2_000, 3).toSpliced(-1, 1));
    const rest = await exported(format, {}, { ...source(), stored: other });
    await other.close();
    await expect(verify(rest, format)).resolves.toMatchObject({ sound: true, records: EVENTS });
    expect(rest.match(format.quoted ? /^gone,/gm : /"gone":/g)).toHaveLength(4);

    const lines = linesOf(some, format);
    const place = format.heading ? 2 : 1;
    const { leaf, proof } = format.quoted
      ? { leaf: csvCells(lines[place]!.slice(0, -2))![2]!, proof: csvCells(lines[place]!.slice(0, -2))![12]! }
      : (JSON.parse(lines[place]!) as { leaf: number; proof: string[] });
    const [hash] = await tree.leafHashes(Number(leaf), Number(leaf) + 1);
    const gone = Buffer.from(hash!).toString('base64');
    const forged = format.quoted
      ? csvRow(['gone', 1, leaf, ...Array<string>(7).fill(''), gone, '', proof as string])
      : `${JSON.stringify({ record: 1, leaf, gone, proof })}\n`;
    await expect(problemOf(lines.with(place, forged).join(''), format)).resolves.toMatchObject({
      ...{ code: 'changed', record: 1, line: lines.slice(0, place).join('').split('\n').length },
    });
  });
});

function mutated(lines: string[], what: string, index: number, within: number, other: number): string[] {
  const line = lines[index]!;
  switch (what) {
    case 'remove':
      return lines.toSpliced(index, 1);
    case 'repeat':
      return lines.toSpliced(index, 0, line);
    case 'insert':
      return lines.toSpliced(
        index + 1,
        0,
        lines[(index + 1 + (other % (lines.length - 1))) % lines.length]!.replace(/\d/, '7'),
      );
    case 'swap':
      return lines.toSpliced(index, 2, lines[index + 1]!, line);
    case 'cut':
      return [...lines.slice(0, index), line.slice(0, within)];
    default:
      return lines.with(index, line.slice(0, within) + String.fromCharCode(33 + (other % 90)) + line.slice(within + 1));
  }
}

describe('an export as CSV', () => {
  it('opens in whatever reads RFC 4180, and no cell is a formula', async () => {
    const rows = parse<Record<string, string>>(await exported(csv, { objectType: 'Odd' }), { columns: true });
    expect(rows.map(({ kind }) => kind)).toEqual(['header', ...Array<string>(5).fill('event'), 'checkpoint', 'end']);
    expect(rows[1]).toMatchObject({ type: "'=cmd|calc", actor: 'user:=ada', reason: "'-2+3" });
    expect(JSON.parse(rows[1]!['data']!)).toMatchObject({ é: '🦆' });
    for (const cell of rows.flatMap(Object.values)) expect(cell).not.toMatch(/^[=+\-@\t\r]/);
  });
});

describe('an export', () => {
  it('has what streams hide, and what was deleted for ever', async () => {
    await stored.delete('main.Order-55', 'any', 'tombstone');
    for (const objectId of ['5', '55']) {
      const text = await exported(ndjson, { objectId });
      await expect(verify(text, ndjson)).resolves.toMatchObject({ sound: true, records: 50 });
      expect(text).not.toContain('"gone"');
    }
  });
  it('goes no further than to an event that its tree was not made of', async () => {
    const other = await SqliteEventStore.open(':memory:');
    await other.append('main.Odd-1', 'none', [newEvent('changed', {})]);
    const text = exportText({ ...source(), stored: other }, order({}), ndjson);
    await expect(Array.fromAsync(text)).rejects.toMatchObject({ code: 'audit-tree-differs' });
    await other.close();
  });
  it('reads no further than its reader', async () => {
    let read = 0;
    const counting = { ...stored, readAll: (options: object) => ((read += 1), stored.readAll(options)) } as never;
    const text = exportText({ ...source(), stored: counting }, order({}), ndjson);
    await text.next();
    expect(read).toBe(1);
    await text.return(undefined);
    expect(read).toBe(1);
  });
});
