import { basename } from 'node:path';
import { UsageError } from '../exit-codes.js';
import { BatchClient } from './batch-client.js';
import { CaseLedger } from './case-ledger.js';
import { csvRows } from './csv.js';
import { Importer, type ImportCounts } from './importer.js';
import { linesOf } from './log-lines.js';
import type { LogRows } from './log-row.js';
import { openLog, type LogSource } from './log-source.js';
import { ndjsonRows } from './ndjson.js';
import { ProgressBar, type Output } from '../output/progress-bar.js';
import { RowMapping, type Mapping } from './row-mapping.js';
import { xesRows } from './xes.js';

export const FORMATS = ['csv', 'ndjson', 'xes'] as const;
export type Format = (typeof FORMATS)[number];

/** The options of `perdure import`, as the command line has them. */
export interface ImportRequest {
  readonly file: string;
  readonly noun: string;
  readonly id?: string;
  readonly verb?: string;
  readonly time?: string;
  readonly url: string;
  readonly format?: Format;
  readonly delimiter: string;
  readonly encoding: string;
  readonly batch: number;
  readonly strict: boolean;
  readonly wait: number;
  readonly reason?: string;
  readonly thingColumns?: readonly string[];
  readonly rename?: readonly string[];
}

export interface ImportReport extends ImportCounts {
  readonly cases: number;
  readonly seconds: number;
}

/** Names that XES gives to the id, the verb and the time of an event. */
const XES_COLUMNS = { id: 'case:concept:name', verb: 'concept:name', time: 'time:timestamp' };

/** Imports a log through the API. Progress and bad rows go to `output`. Throws CommandFailed and UsageError. */
export async function importLog(request: ImportRequest, output: Output): Promise<ImportReport> {
  const format = request.format ?? formatOf(request.file);
  const mapping = mappingOf(request, format);
  const url = urlOf(request.url);
  const source = await openLog(request.file, request.encoding);
  const progress = new ProgressBar(output, 'rows');
  const partDone = (): number | undefined => source.size && Math.min(1, source.bytesRead() / source.size);
  const client = new BatchClient({ url, waitMs: request.wait * 1_000, onWaiting: (why) => progress.log(why) });
  const ledger = new CaseLedger();
  const importer = new Importer(new RowMapping(mapping, ledger), ledger, client, {
    batch: request.batch,
    strict: request.strict,
    onBadRow: ({ line, problem }) => progress.log(`line ${line}: ${problem}`),
    onProgress: ({ rows }) => progress.show(rows, partDone()),
  });
  try {
    const counts = await importer.run(rowsOf(source, format, request, mapping));
    return { ...counts, cases: ledger.cases, seconds: progress.seconds };
  } finally {
    progress.clear();
    client.close();
  }
}

function rowsOf({ text }: LogSource, format: Format, { delimiter }: ImportRequest, mapping: Mapping): LogRows {
  switch (format) {
    case 'csv': {
      const required = [mapping.id, mapping.verb, mapping.time, ...mapping.thingColumns];
      return csvRows(linesOf(text), { delimiter: delimiter === '\\t' ? '\t' : delimiter, required });
    }
    case 'ndjson':
      return ndjsonRows(linesOf(text));
    case 'xes':
      return xesRows(text);
  }
}

function formatOf(file: string): Format {
  const extension = /\.([^.]+)$/.exec(file.replace(/\.gz$/i, ''))?.[1]?.toLowerCase();
  const format = extension === 'jsonl' ? 'ndjson' : FORMATS.find((known) => known === extension);
  if (format) return format;
  throw new UsageError(`The name '${file}' does not tell the format. Add --format ${FORMATS.join('|')}.`);
}

function mappingOf(request: ImportRequest, format: Format): Mapping {
  const known = format === 'xes' ? XES_COLUMNS : { id: undefined, verb: undefined, time: undefined };
  const column = (name: 'id' | 'verb' | 'time'): string => {
    const chosen = request[name] ?? known[name];
    if (chosen === undefined) throw new UsageError(`Add --${name} COLUMN: which column of the file is the ${name}?`);
    return chosen;
  };
  return {
    noun: request.noun,
    id: column('id'),
    verb: column('verb'),
    time: column('time'),
    thingColumns: new Set(request.thingColumns ?? []),
    renamed: new Map(request.rename?.map(renaming)),
    reason: request.reason ?? `Import of ${request.file === '-' ? 'standard input' : basename(request.file)}`,
  };
}

function renaming(text: string): [string, string] {
  const at = text.indexOf('=');
  if (at < 1 || at === text.length - 1) throw new UsageError(`'${text}' is no renaming. Write --rename old=new.`);
  return [text.slice(0, at), text.slice(at + 1)];
}

function urlOf(text: string): URL {
  const url = URL.parse(text);
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url;
  throw new UsageError(`'${text}' is not an address of a server. Write one such as --url http://localhost:3000.`);
}
