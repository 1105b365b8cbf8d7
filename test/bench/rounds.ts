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

/** How often a second the work is done by so many lanes, each of which does it again and again. */
export async function perSecond(seconds: number, lanes: number, work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  let done = 0;
  const lane = async (): Promise<void> => {
    for (; performance.now() - start < seconds * 1_000; done++) await work();
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return (done * 1_000) / (performance.now() - start);
}

/** Does the work for each of them, so many at once. */
export async function forEach<T>(all: Iterable<T>, lanes: number, work: (each: T) => Promise<unknown>): Promise<void> {
  const rest = Iterator.from(all);
  const lane = async (): Promise<void> => {
    for (const each of rest) await work(each);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}
