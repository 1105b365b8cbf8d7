import { grouped, type Output } from '../import/progress.js';

/** Milliseconds between two drawings on a terminal, and between two lines elsewhere. */
const REDRAW = 100;
const LINE_EVERY = 5_000;

/** How many events were copied, and how fast: a line that is drawn anew on a terminal, one now and then elsewhere. */
export class CopyProgressLine {
  readonly #startedAt = performance.now();
  #shownAt = this.#startedAt;

  constructor(private readonly output: Output) {}

  show(copied: number): void {
    const now = performance.now();
    if (now - this.#shownAt < (this.output.isTTY ? REDRAW : LINE_EVERY)) return;
    this.#shownAt = now;
    this.#write(copied, this.output.isTTY ? '' : '\n');
  }

  end(copied: number): void {
    this.#write(copied, '\n');
  }

  #write(copied: number, ending: string): void {
    const rate = Math.round((copied * 1_000) / (performance.now() - this.#startedAt));
    const start = this.output.isTTY ? '\r\x1b[2K' : '';
    this.output.write(`${start}${grouped(copied)} events copied, ${grouped(rate)} events/s${ending}`);
  }
}
