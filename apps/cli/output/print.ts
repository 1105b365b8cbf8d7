import { stripVTControlCharacters, styleText } from 'node:util';

/** Writes a line to standard output. What comes from a store does not get to steer the terminal. */
export function printLine(line = ''): void {
  process.stdout.write(`${stripVTControlCharacters(line)}\n`);
}

/** Writes a value as one line of JSON. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

/** Rows under a heading, columns as wide as they need; numbers to the right. */
export function printTable(heading: readonly string[], rows: readonly (readonly (string | number)[])[]): void {
  const texts = [heading, ...rows].map((row) => row.map((cell) => stripVTControlCharacters(String(cell))));
  const widths = heading.map((_, column) => Math.max(...texts.map((row) => row[column]!.length)));
  for (const [index, row] of texts.entries()) {
    const cells = row.map((text, column) => {
      const isNumber = index > 0 && typeof rows[index - 1]![column] === 'number';
      return isNumber ? text.padStart(widths[column]!) : text.padEnd(widths[column]!);
    });
    const line = cells.join('  ').trimEnd();
    process.stdout.write(`${index === 0 ? styled('bold', line) : line}\n`);
  }
}

/** The text in a style, where standard output is a terminal that shows it and NO_COLOR is not set. */
export function styled(style: Parameters<typeof styleText>[0], text: string): string {
  return styleText(style, text, { stream: process.stdout });
}
