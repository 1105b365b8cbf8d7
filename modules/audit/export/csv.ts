/** What a spreadsheet takes for a formula, and the mark that says that it is none, so that taking it off again is never wrong. */
const FORMULA = /^[=+\-@\t\r']/;
const MARK = "'";

/** A row of RFC 4180, with its end. No cell of it runs as a formula, whatever was stored. */
export function csvRow(cells: readonly (string | number)[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`;
}

function csvCell(value: string | number): string {
  const text = typeof value === 'string' && FORMULA.test(value) ? MARK + value : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The cells of a row without its end, as they were before {@link csvRow}; undefined where it is none. */
export function csvCells(row: string): string[] | undefined {
  const cells: string[] = [];
  const cell = /("(?:[^"]|"")*"|[^",\r\n]*)(,|$)/y;
  for (;;) {
    const [, text, end] = cell.exec(row) ?? [];
    if (text === undefined) return undefined;
    const plain = text.startsWith('"') ? text.slice(1, -1).replaceAll('""', '"') : text;
    cells.push(plain.startsWith(MARK) ? plain.slice(1) : plain);
    if (end === '') return cells;
  }
}
