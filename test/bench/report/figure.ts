/** What a figure should be. */
export type Aim = { readonly of: 'value' | 'ratio' } & ({ readonly atLeast: number } | { readonly atMost: number });

/** What was measured, one sample a round. */
export interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly samples: readonly number[];
  /** What it is compared with, measured in the same rounds: what bounds it, unless the name says otherwise. */
  readonly ceiling: { readonly name: string; readonly samples: readonly number[] };
  readonly aim?: Aim;
}

/** A figure as it is reported. */
export interface Result {
  readonly bench: string;
  readonly name: string;
  readonly unit: string;
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly ceiling: { readonly name: string; readonly median: number };
  /** Median of the rounds' own ratios: what slows the machine down for a moment slows both sides. */
  readonly ratio: number;
  readonly aim?: Aim;
  readonly met?: boolean;
}

export function resultOf(bench: string, { name, unit, samples, ceiling, aim }: Figure): Result {
  const value = median(samples);
  const ratio = median(samples.map((sample, round) => sample / ceiling.samples[round]!));
  return {
    ...{ bench, name, unit, median: value, min: Math.min(...samples), max: Math.max(...samples), ratio },
    ceiling: { name: ceiling.name, median: median(ceiling.samples) },
    ...(aim && { aim, met: isMet(aim, aim.of === 'ratio' ? ratio : value) }),
  };
}

function isMet(aim: Aim, value: number): boolean {
  return 'atLeast' in aim ? value >= aim.atLeast : value <= aim.atMost;
}

export function median(samples: readonly number[]): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
