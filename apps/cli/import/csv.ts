import type { Json } from '#kernel/json';
import { UsageError } from '../exit-codes.js';
import { recordsOf, type CsvRecord } from './csv-record.js';
import type { Line } from './log-lines.js';
import type { BadRow, LogRow, LogRows } from './log-row.js';

export interface CsvOptions {
  readonly delimiter: string;
  /** Columns without which the import makes no sense. */
  readonly required: readonly string[];
}

const PROBLEMS = {
  open: 'a quote is opened and never closed',
  malformed: 'a quoted cell goes on after its closing quote; write "" for a quote inside it',
  'too-long': 'the line is longer than 16 MiB',
};

/** The rows of a CSV file with a header line; values stay text. Throws UsageError where a required column is missing. */
export async function* csvRows(lines: AsyncIterable<Line>, options: CsvOptions): LogRows {
  let header: readonly string[] | undefined;
  for await (const record of recordsOf(lines, options.delimiter)) {
    if (header) yield rowOf(record, header);
    else header = checkHeader(record, options);
  }
}

function checkHeader({ cells }: CsvRecord, { required, delimiter }: CsvOptions): readonly string[] {
  if (typeof cells === 'string') {
    throw new UsageError(`The first line is no CSV header: ${PROBLEMS[cells]}. See --format and --delimiter.`);
  }
  const missing = required.filter((column) => !cells.includes(column));
  if (missing.length > 0) {
    const names = missing.map((column) => `'${column}'`).join(', ');
    throw new UsageError(
      `There is no column ${names}. With '${delimiter}' between them the columns are: ${cells.join(', ')}`,
    );
  }
  const twice = cells.find((column, index) => cells.indexOf(column) !== index);
  if (twice !== undefined) throw new UsageError(`The column '${twice}' is there twice. Give each column its own name.`);
  return cells;
}

function rowOf({ line, cells }: CsvRecord, header: readonly string[]): LogRow | BadRow {
  if (typeof cells === 'string') return { line, problem: PROBLEMS[cells] };
  if (cells.length !== header.length) {
    return { line, problem: `has ${cells.length} cells where the header has ${header.length}` };
  }
  const fields = new Map<string, Json>();
  for (let i = 0; i < header.length; i++) if (cells[i] !== '') fields.set(header[i]!, cells[i]!);
  return { line, fields };
}
