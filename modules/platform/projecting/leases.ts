import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Lease, ReadStore } from '../read-store/read-store.port.js';
import { systemStopwatch, type Stopwatch } from './stopwatch.js';
import { Tenure } from './tenure.js';

export interface LeaseOptions {
  /** Names this process; no other may ever have the same. */
  readonly owner?: string;
  readonly stopwatch?: Stopwatch;
  /** Milliseconds that a lease must stand still before another process takes over; default 6,000. */
  readonly standstill?: number;
}

/**
 * Lets one process at a time do a piece of work. The owner renews its lease; the others look at it, and whoever sees it stand still for
 * long enough, by a stopwatch of its own, takes over with the next token. So clocks need not agree. An owner that
 * was only held up finds out before it writes, or else the store refuses its token.
 */
export class Leases {
  readonly #owner: string;
  readonly #stopwatch: Stopwatch;
  readonly #standstill: number;

  constructor(
    private readonly store: ReadStore,
    options: LeaseOptions = {},
  ) {
    this.#owner = options.owner ?? `${hostname()}/${process.pid}/${randomUUID().slice(0, 8)}`;
    this.#stopwatch = options.stopwatch ?? systemStopwatch;
    this.#standstill = options.standstill ?? 6_000;
  }

  /**
   * Waits until the lease is this process's. Undefined where the signal fires before. Rejects where the store does; begun again,
   * it watches from the beginning.
   */
  async acquire(name: string, signal: AbortSignal): Promise<Tenure | undefined> {
    let seen: Lease | null = null;
    let since = 0;
    while (!signal.aborted) {
      const found = await this.store.lease(name);
      if (!isSame(found, seen)) {
        seen = found;
        since = this.#stopwatch.now();
      }
      const idle = this.#stopwatch.now() - since;
      if (this.#isFree(found) || idle >= this.#standstill) {
        const tenure = await this.#take(name, found);
        if (tenure) return tenure;
      } else {
        await this.#stopwatch.wait(Math.min(this.#standstill / 6, this.#standstill - idle), signal);
      }
    }
    return undefined;
  }

  /** Its own lease, too: from an earlier tenure, or from a swap whose answer was lost. The next token bars what is still under way. */
  #isFree(lease: Lease | null): boolean {
    return lease === null || lease.owner === '' || lease.owner === this.#owner;
  }

  async #take(name: string, from: Lease | null): Promise<Tenure | undefined> {
    const begunAt = this.#stopwatch.now();
    const lease: Lease = { owner: this.#owner, token: (from?.token ?? 0) + 1, beat: 0 };
    if (!(await this.store.swapLease(name, from, lease))) return undefined;
    return new Tenure(this.store, name, lease, begunAt, this.#stopwatch, this.#standstill);
  }
}

function isSame(a: Lease | null, b: Lease | null): boolean {
  return a?.owner === b?.owner && a?.token === b?.token && a?.beat === b?.beat;
}
