/** What somebody waits who asks one question after the other, in milliseconds. */
export interface Latency {
  readonly p50: number;
  readonly p99: number;
}

/** Asks so often, so many at once; the n-th question is asked with n. Rejects where an answer is not a success. */
export async function latencyOf(times: number, lanes: number, ask: (n: number) => Promise<Response>): Promise<Latency> {
  const latencies: number[] = [];
  let asked = 0;
  const lane = async (): Promise<void> => {
    while (asked < times) {
      const start = performance.now();
      const answer = await ask(asked++);
      const text = await answer.text();
      if (!answer.ok) throw new Error(`${answer.url} answered ${answer.status}: ${text}`);
      latencies.push(performance.now() - start);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return latencyAmong(latencies);
}

export function latencyAmong(latencies: readonly number[]): Latency {
  const sorted = latencies.toSorted((a, b) => a - b);
  const percentile = (part: number): number => sorted[Math.floor(sorted.length * part)]!;
  return { p50: percentile(0.5), p99: percentile(0.99) };
}
