import { SaxesParser, type SaxesTagPlain } from 'saxes';
import type { Json } from '#kernel/json';
import { CommandFailed } from '../exit-codes.js';
import type { LogRow, LogRows } from './log-row.js';
import { jsonOf, XES_ATTRIBUTE_TYPES, type XesAttribute } from './xes-attribute.js';

/** Elements that describe the log and hold no event. */
const DESCRIPTIVE = new Set(['global', 'extension', 'classifier']);

/**
 * The rows of an XES log (IEEE 1849): one an event, its trace's attributes beside its own as `case:…`. Throws CommandFailed
 * where the XML is broken, after the rows before that place.
 */
export async function* xesRows(pieces: AsyncIterable<string>): LogRows {
  const reader = new XesReader();
  for await (const piece of pieces) yield* reader.read(piece);
  yield* reader.end();
}

class XesReader {
  readonly #parser = new SaxesParser<{ xmlns: false; position: true }>({ xmlns: false, position: true });
  readonly #open: XesAttribute[] = [];
  #rows: LogRow[] = [];
  #failure: Error | undefined;
  #tagLine = 0;
  #eventLine = 0;
  #lastRowEnd = -1;
  #described = 0;
  #sawLog = false;
  #trace: Map<string, Json> | undefined;
  #event: Map<string, Json> | undefined;

  constructor() {
    this.#parser.on('error', (error) => this.#broke(error));
    this.#parser.on('opentagstart', () => this.#tagBegan());
    this.#parser.on('opentag', (tag) => this.#opened(tag));
    this.#parser.on('closetag', ({ name }) => this.#closed(name));
  }

  *read(piece: string): Generator<LogRow> {
    this.#parser.write(piece);
    yield* this.#take();
  }

  *end(): Generator<LogRow> {
    this.#parser.close();
    yield* this.#take();
    if (!this.#sawLog) throw new CommandFailed('This is not an XES log: it has no <log> element. See --format.');
  }

  *#take(): Generator<LogRow> {
    const rows = this.#rows;
    this.#rows = [];
    yield* rows;
    if (this.#failure) {
      throw new CommandFailed(`The XML is broken at ${this.#failure.message}. Mend the file and run the import again.`);
    }
  }

  /** The parser is one character beyond the name: a line further where that was a line feed. */
  #tagBegan(): void {
    this.#tagLine = this.#parser.column === 0 ? this.#parser.line - 1 : this.#parser.line;
  }

  /** The parser closes what a wrong end tag leaves open before it complains: that event is not whole. */
  #broke(error: Error): void {
    if (!this.#failure && this.#parser.position === this.#lastRowEnd) this.#rows.pop();
    this.#failure ??= error;
  }

  #opened({ name, attributes }: SaxesTagPlain): void {
    if (this.#failure) return;
    if (DESCRIPTIVE.has(name)) this.#described++;
    else if (this.#described > 0) return;
    else if (name === 'log') this.#sawLog = true;
    else if (name === 'trace') this.#trace = new Map();
    else if (name === 'event') {
      this.#event = new Map();
      this.#eventLine = this.#tagLine;
    } else if (XES_ATTRIBUTE_TYPES.has(name)) {
      this.#open.push({ type: name, key: attributes['key'] ?? '', value: attributes['value'], children: [] });
    }
  }

  #closed(name: string): void {
    if (this.#failure) return;
    if (DESCRIPTIVE.has(name)) this.#described--;
    else if (this.#described > 0) return;
    else if (name === 'trace') this.#trace = undefined;
    else if (name === 'event') this.#finishEvent();
    else if (XES_ATTRIBUTE_TYPES.has(name)) this.#finishAttribute(this.#open.pop()!);
  }

  #finishAttribute(attribute: XesAttribute): void {
    const parent = this.#open.at(-1);
    if (parent) parent.children.push([attribute.key, jsonOf(attribute)]);
    else if (this.#event) this.#event.set(attribute.key, jsonOf(attribute));
    else this.#trace?.set(`case:${attribute.key}`, jsonOf(attribute));
  }

  #finishEvent(): void {
    this.#rows.push({ line: this.#eventLine, fields: new Map([...(this.#trace ?? []), ...this.#event!]) });
    this.#event = undefined;
    this.#lastRowEnd = this.#parser.position;
  }
}
