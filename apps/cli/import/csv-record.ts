import type { Line } from './log-lines.js';

/** `open`: a quoted cell goes on in the next line. `malformed`: something stands between a closing quote and the delimiter. */
export type CsvCells = readonly string[] | 'open' | 'malformed';

/** One record, or the line that is none. */
export interface CsvRecord {
  /** Where it begins, from 1. */
  readonly line: number;
  readonly cells: CsvCells | 'too-long';
}

/** How far a quoted cell may reach, in UTF-16 code units. Beyond it the quote is taken for a mistake. */
export const MAX_RECORD_LENGTH = 2 ** 20;

/**
 * Puts lines together to records: a quoted cell may hold line feeds. Where a quote is never closed only the line it stands
 * in is lost; the lines after it are read again, so that one slip does not swallow the rest of the file.
 */
export async function* recordsOf(lines: AsyncIterable<Line>, delimiter: string): AsyncGenerator<CsvRecord> {
  const assembly = new Assembly(delimiter);
  for await (const line of lines) yield* assembly.add(line);
  yield* assembly.end();
}

class Assembly {
  /** Lines of a record that is still open. */
  #open: Line[] = [];
  #length = 0;

  constructor(private readonly delimiter: string) {}

  *add(line: Line): Generator<CsvRecord> {
    const waiting = [line];
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const record = this.#take(next);
      if (!record) continue;
      yield record;
      if (typeof record.cells === 'string') waiting.unshift(...this.#open.slice(1));
      this.#open = [];
      this.#length = 0;
    }
  }

  *end(): Generator<CsvRecord> {
    while (this.#open.length > 0) {
      const [first, ...rest] = this.#open as [Line, ...Line[]];
      this.#open = [];
      this.#length = 0;
      yield { line: first.number, cells: 'open' };
      for (const line of rest) yield* this.add(line);
    }
  }

  /** The record that ends with this line, if one does. */
  #take(line: Line): CsvRecord | undefined {
    const isFirst = this.#open.length === 0;
    if (isFirst && line.text === '' && !line.tooLong) return undefined;
    this.#open.push(line);
    this.#length += line.text.length + 1;
    const first = this.#open[0]!.number;
    if (line.tooLong) return { line: first, cells: isFirst ? 'too-long' : 'open' };
    const tooFar = this.#length > MAX_RECORD_LENGTH && !isFirst;
    // Only a line with a quote can close the cell that the lines before it left open.
    if (!isFirst && !tooFar && !line.text.includes('"')) return undefined;
    const cells = parseCsvRecord(this.#text(), this.delimiter);
    return cells === 'open' && !tooFar ? undefined : { line: first, cells };
  }

  #text(): string {
    const text = this.#open.length === 1 ? this.#open[0]!.text : this.#open.map((line) => line.text).join('\n');
    return text.endsWith('\r') ? text.slice(0, -1) : text;
  }
}

/**
 * The cells of one record (RFC 4180). Quotes inside a cell that does not begin with one are taken as they are, as most
 * programs do.
 */
export function parseCsvRecord(text: string, delimiter: string): CsvCells {
  if (!text.includes('"')) return text.split(delimiter);
  const cells: string[] = [];
  for (let at = 0; ; at += delimiter.length) {
    if (text[at] === '"') {
      const close = closingQuote(text, at + 1);
      if (close < 0) return 'open';
      cells.push(text.slice(at + 1, close).replaceAll('""', '"'));
      at = close + 1;
      if (at < text.length && !text.startsWith(delimiter, at)) return 'malformed';
    } else {
      const end = text.indexOf(delimiter, at);
      cells.push(end < 0 ? text.slice(at) : text.slice(at, end));
      at = end < 0 ? text.length : end;
    }
    if (at >= text.length) return cells;
  }
}

function closingQuote(text: string, from: number): number {
  for (let at = text.indexOf('"', from); at >= 0; at = text.indexOf('"', at + 2)) {
    if (text[at + 1] !== '"') return at;
  }
  return -1;
}
