import type { Figure } from './report/figure.js';

/** How long and how often is measured. */
export interface Effort {
  /** Rounds that count, after one that warms up. */
  readonly rounds: number;
  /** Length of one measurement of a rate. */
  readonly seconds: number;
  /** Events that a projection has to catch up with. */
  readonly events: number;
}

export const thorough: Effort = { rounds: 5, seconds: 1.5, events: 200_000 };
export const quick: Effort = { rounds: 2, seconds: 0.4, events: 40_000 };

/** One matter that is measured, always in turns with what bounds it. */
export interface Bench {
  readonly name: string;
  figures(effort: Effort): AsyncIterable<Figure>;
}
