import type { KeyObject } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import type { JsonObject } from '#kernel/json';
import type { AuditQuery } from '../audit-query.js';
import type { SignedHead } from '../heads/signed-head.js';
import type { ExportEntry, ExportHeader } from './export-entry.js';
import type { ExportFormat } from './export-format.js';
import { found, isAlone, wholeLog, type ExportSource } from './export-records.js';
import { digestOfHeader, digestOfMarks, ExportedRecords, sealedText, sealWith } from './export-seal.js';

/** Records between two checkpoints: their marks fit into a cell of any spreadsheet. */
const CHECKPOINT_EVERY = 1_000;

/** Milliseconds after which others get their turn. */
const TURN_MS = 10;

/** Characters that are handed over at once. */
const CHUNK = 2 ** 16;

export interface ExportOrder {
  readonly tenant: string;
  readonly query: AuditQuery;
  readonly exportedAt: Date;
  /** One that has everything that shall be exported. */
  readonly head: SignedHead;
  readonly privateKey: KeyObject;
}

/**
 * The export as text, made while it is read: its memory does not grow with it, and who stops reading stops it. Rejects in the middle
 * where a store does; then it has no end, and is seen to be cut off.
 */
export async function* exportText(
  source: ExportSource,
  order: ExportOrder,
  format: ExportFormat,
): AsyncGenerator<string> {
  let chunk = format.heading;
  let turn = performance.now();
  for await (const entry of exportEntries(source, order)) {
    chunk += format.encode(entry);
    if (performance.now() - turn > TURN_MS) {
      await setImmediate();
      turn = performance.now();
    }
    if (chunk.length < CHUNK) continue;
    yield chunk;
    chunk = '';
  }
  yield chunk;
}

/** Header, records with a checkpoint after each thousand and after the last, end. */
export async function* exportEntries(source: ExportSource, order: ExportOrder): AsyncGenerator<ExportEntry> {
  const { tenant, query, head, privateKey } = order;
  const isWhole = Object.values(query).every((value) => value === undefined) && (await isAlone(source, tenant));
  const header = headerOf(order, isWhole);
  const digest = digestOfHeader(header);
  const seal = (what: string, records: number, ...rest: string[]): string =>
    sealWith(privateKey, sealedText(privateKey, digest, what, records, ...rest));
  yield { kind: 'header', header, note: seal('header', 0) };

  const records = new ExportedRecords();
  const checkpoint = (): ExportEntry => {
    const { count, root, marks } = records;
    records.begin();
    const note = seal('checkpoint', count, root, digestOfMarks(marks));
    return { kind: 'checkpoint', records: count, root, marks, note };
  };
  for await (const { leafHash, ...rest } of isWhole ? wholeLog(source, head) : found(source, tenant, query, head)) {
    records.add(leafHash, 'gone' in rest.content);
    yield { kind: 'record', record: records.count, ...rest };
    if (records.open === CHECKPOINT_EVERY) yield checkpoint();
  }
  if (records.open > 0) yield checkpoint();
  const { count, root } = records;
  yield { kind: 'end', records: count, root, note: seal('end', count, root) };
}

function headerOf({ tenant, query, exportedAt, head }: ExportOrder, isWhole: boolean): ExportHeader {
  return {
    format: 'perdure-audit-export/1',
    exportedAt: exportedAt.toISOString(),
    tenant,
    // As it will be read: what is undefined is not there.
    query: JSON.parse(JSON.stringify(query)) as JsonObject,
    coverage: isWhole ? 'all' : 'query',
    checkpointEvery: CHECKPOINT_EVERY,
    head,
  };
}
