import type { Clock } from '#kernel/clock';

/** Counts what goes through, for the answers to `getInfo`. */
export class Throughput {
  #total = 0;
  #sinceMeasured = 0;
  readonly #since: number;

  constructor(private readonly clock: Clock) {
    this.#since = clock.now().getTime();
  }

  count(): void {
    this.#total++;
    this.#sinceMeasured++;
  }

  /** Begins a new count since the last measurement. */
  measure(): ThroughputStats {
    const seconds = Math.max(1, (this.clock.now().getTime() - this.#since) / 1_000);
    const stats = {
      total: this.#total,
      sinceMeasured: this.#sinceMeasured,
      perSecond: Math.round(this.#total / seconds),
    };
    this.#sinceMeasured = 0;
    return stats;
  }
}

export interface ThroughputStats {
  readonly total: number;
  readonly sinceMeasured: number;
  /** On average since the beginning. */
  readonly perSecond: number;
}

const SAMPLES = 1_000;

/** Parts of all measurements, by the names under which the protocol tells them. */
const QUANTILES: Readonly<Record<string, number>> = {
  Median: 0.5,
  Fastest: 0,
  'Quintile 1': 0.2,
  'Quintile 2': 0.4,
  'Quintile 3': 0.6,
  'Quintile 4': 0.8,
  'Quintile 5': 1,
  '90%': 0.9,
  '95%': 0.95,
  '99%': 0.99,
  '99.5%': 0.995,
  '99.9%': 0.999,
  Highest: 1,
};

/** The last thousand times between sending and acknowledging, in milliseconds. */
export class Latencies {
  readonly #samples: number[] = [];
  #next = 0;

  add(ms: number): void {
    this.#samples[this.#next] = ms;
    this.#next = (this.#next + 1) % SAMPLES;
  }

  /** Zeros where nothing was measured yet. */
  summary(): ReadonlyMap<string, number> {
    const sorted = this.#samples.toSorted((a, b) => a - b);
    const mean = sorted.reduce((sum, ms) => sum + ms, 0) / Math.max(1, sorted.length);
    const summary = new Map([['Mean', Math.round(mean)]]);
    for (const [name, part] of Object.entries(QUANTILES)) {
      summary.set(name, Math.round(sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? 0));
    }
    return summary;
  }
}
