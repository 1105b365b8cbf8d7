import { styleText } from 'node:util';

const LABEL_WIDTH = 9;
const INDENT = ' '.repeat(3);
/** Columns for what stands beside a label; with it a line fits 100 columns. */
const TEXT_WIDTH = 88;

/** Tells the demo's story in aligned lines. Colours only add to it, where the terminal has them and NO_COLOR is not set. */
export class Narration {
  #steps = 0;

  constructor(protected readonly output: NodeJS.WriteStream) {}

  /** A numbered headline. */
  step(what: string): void {
    this.say(`\n${String(++this.#steps).padEnd(INDENT.length)}${this.#styled('bold', what)}`);
  }

  /** A labelled fact. What belongs to it stands on lines below: objects as JSON, texts broken between words. */
  tell(label: string, fact: string, ...more: (object | string)[]): void {
    this.say(`${INDENT}${this.#styled('cyan', label.padEnd(LABEL_WIDTH))}${fact}`);
    const lines = more.flatMap((part) => (typeof part === 'string' ? filled(part.split(' ')) : linesOfJson(part)));
    for (const line of lines) this.say(`${INDENT}${' '.repeat(LABEL_WIDTH)}${this.#styled('dim', line)}`);
  }

  /** A headline without a number, and what stands under it in two columns. */
  list(headline: string, rows: readonly (readonly [string, string])[]): void {
    this.say(`\n${this.#styled('bold', headline)}`);
    const width = Math.max(...rows.map(([name]) => name.length)) + 2;
    for (const [name, meaning] of rows) this.say(`${INDENT}${name.padEnd(width)}${meaning}`);
  }

  say(text: string): void {
    this.output.write(`${text}\n`);
  }

  #styled(style: 'bold' | 'cyan' | 'dim', text: string): string {
    return styleText(style, text, { stream: this.output });
  }
}

/** The same for programs: a line of JSON for each thing that is told. */
export class JsonNarration extends Narration {
  override step(what: string): void {
    this.#write({ step: what });
  }

  override tell(label: string, fact: string, ...more: (object | string)[]): void {
    this.#write({ [label]: fact, ...(more.length > 0 && { more }) });
  }

  override list(headline: string, rows: readonly (readonly [string, string])[]): void {
    this.#write({ [headline]: Object.fromEntries(rows) });
  }

  override say(text: string): void {
    this.#write({ say: text.trim() });
  }

  #write(line: object): void {
    this.output.write(`${JSON.stringify(line)}\n`);
  }
}

/** An object as JSON, broken between its members. */
function linesOfJson(object: object): string[] {
  const members = Object.entries(object).map(([name, value]) => `${JSON.stringify(name)}: ${JSON.stringify(value)}`);
  return filled(`{ ${members.join(',\n')} }`.split('\n')).map((line, index) => (index === 0 ? line : `  ${line}`));
}

function filled(parts: readonly string[]): string[] {
  const lines: string[] = [];
  for (const part of parts) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + part.length > TEXT_WIDTH) lines.push(part);
    else lines[lines.length - 1] = `${last} ${part}`;
  }
  return lines;
}
