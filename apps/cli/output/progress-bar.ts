import { stripVTControlCharacters } from 'node:util';

/** A terminal or a file: `process.stderr` or anything like it. */
export interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Milliseconds between two drawings of the bar, and between two lines where there is no terminal. */
const REDRAW = 100;
const LINE_EVERY = 5_000;
const BAR_WIDTH = 24;

/** Shows how far something is: a bar that is drawn anew on a terminal, a plain line now and then elsewhere. */
export class ProgressBar {
  readonly #startedAt = performance.now();
  #shownAt = this.#startedAt;
  #barIsShown = false;

  constructor(
    private readonly output: Output,
    /** What is counted, such as `rows` or `events copied`. */
    private readonly unit: string,
  ) {}

  get seconds(): number {
    return (performance.now() - this.#startedAt) / 1_000;
  }

  /** `part` is how much of the whole is done, 0 to 1, where that is known. */
  show(done: number, part?: number): void {
    const now = performance.now();
    if (now - this.#shownAt < (this.output.isTTY ? REDRAW : LINE_EVERY)) return;
    this.#shownAt = now;
    const line = this.#describe(done, part);
    if (!this.output.isTTY) return void this.output.write(`${line}\n`);
    this.output.write(`\r\x1b[2K${line.slice(0, (this.output.columns ?? 80) - 1)}`);
    this.#barIsShown = true;
  }

  /** Writes a line that stays. */
  log(line: string): void {
    this.clear();
    // What comes from a file or a server does not get to steer the terminal.
    this.output.write(`${stripVTControlCharacters(line)}\n`);
  }

  /** Says how much was done in all. */
  end(done: number): void {
    this.log(this.#describe(done));
  }

  clear(): void {
    if (this.#barIsShown) this.output.write('\r\x1b[2K');
    this.#barIsShown = false;
  }

  #describe(done: number, part?: number): string {
    const rate = Math.round(done / Math.max(this.seconds, 0.001));
    const speed = `${grouped(done)} ${this.unit}   ${grouped(rate)}/s`;
    if (part === undefined || part === 0) return speed;
    const left = `${clock((this.seconds * (1 - part)) / part)} left`;
    const percent = `${Math.floor(part * 100)} %`.padStart(5);
    if (!this.output.isTTY) return `${percent}   ${speed}   ${left}`;
    const filled = Math.round(part * BAR_WIDTH);
    return `[${'#'.repeat(filled)}${'.'.repeat(BAR_WIDTH - filled)}] ${percent}   ${speed}   ${left}`;
  }
}

/** 12345 as `12,345`. */
export function grouped(count: number): string {
  return count.toLocaleString('en-US');
}

function clock(seconds: number): string {
  const whole = Math.ceil(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}
