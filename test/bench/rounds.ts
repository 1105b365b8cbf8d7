/** Something that can be measured again and again. */
export type Measure<T> = () => Promise<T>;

/**
 * Measures all of them in turns, so that whatever the machine does meanwhile does it to all. The first round only warms up.
 * The samples come by name, one a round.
 */
export async function inTurns<Name extends string, T>(
  rounds: number,
  measures: Record<Name, Measure<T>>,
): Promise<Record<Name, T[]>> {
  const names = Object.keys(measures) as Name[];
  const samples = Object.fromEntries(names.map((name) => [name, [] as T[]])) as Record<Name, T[]>;
  for (let round = 0; round <= rounds; round++) {
    for (const name of names) {
      const sample = await measures[name]();
      if (round > 0) samples[name].push(sample);
    }
  }
  return samples;
}

/** Seconds that the work takes. */
export async function secondsOf(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1_000;
}
