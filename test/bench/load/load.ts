/** The same request again and again, on connections that stay open, each of which waits for its answer. */
export interface Load {
  readonly port: number;
  readonly method: 'GET' | 'POST';
  /** `{n}` stands for a number that counts up, request by request, and begins anew after `numbers`. */
  readonly path: string;
  readonly numbers?: number;
  /** JSON. */
  readonly body?: string;
  readonly connections: number;
  readonly seconds: number;
}

/** What came of a load. Latencies are in milliseconds. */
export interface LoadResult {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
}
