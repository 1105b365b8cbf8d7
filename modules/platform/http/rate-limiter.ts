import { LRUCache } from 'lru-cache';
import type { RateLimit } from '#platform/config/config';

/** Client addresses that are remembered; the one that was away longest is forgotten first. */
const MAX_CLIENTS = 100_000;

export interface Verdict {
  readonly allowed: boolean;
  /** Requests that would be allowed now, at once. */
  readonly remaining: number;
  /** Seconds until the whole quota is there again. */
  readonly resetSeconds: number;
  /** Seconds to wait; 0 where the request is allowed. */
  readonly retryAfterSeconds: number;
}

/**
 * The generic cell rate algorithm (ITU-T I.371): one number for each client, no window that begins anew all at once. No kept
 * library speaks the `RateLimit` headers of draft-ietf-httpapi-ratelimit-headers, structured fields, at this cost.
 */
export class RateLimiter {
  /** When, in milliseconds, a client's requests so far will have been worked off. */
  readonly #clients = new LRUCache<string, { idleAt: number }>({ max: MAX_CLIENTS });
  readonly #interval: number;
  readonly #window: number;

  constructor(
    readonly limit: RateLimit,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.#window = limit.seconds * 1_000;
    this.#interval = this.#window / limit.requests;
  }

  /** Counts a request of this client's, if it is allowed. */
  take(address: string): Verdict {
    const now = this.now();
    let client = this.#clients.get(address);
    if (!client) this.#clients.set(address, (client = { idleAt: now }));

    const busyFor = Math.max(client.idleAt - now, 0) + this.#interval;
    // Intervals are fractions: an epsilon keeps the last request of the quota inside of it.
    const excess = busyFor - this.#window;
    const allowed = excess <= 1e-6;
    if (allowed) client.idleAt = now + busyFor;
    const busy = allowed ? busyFor : busyFor - this.#interval;
    return {
      allowed,
      remaining: Math.max(Math.floor((this.#window - busy) / this.#interval + 1e-6), 0),
      resetSeconds: Math.ceil(busy / 1_000),
      retryAfterSeconds: allowed ? 0 : Math.max(Math.ceil(excess / 1_000), 1),
    };
  }
}
