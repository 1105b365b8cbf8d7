import type { Lease, ReadStore } from '../read-store/read-store.port.js';
import type { Stopwatch } from './stopwatch.js';

/** The time in which a piece of work is this process's. It renews the lease by itself until it is lost or given back. */
export class Tenure {
  readonly #lost = new AbortController();
  readonly #ended = new AbortController();
  readonly #renewing: Promise<void>;
  /** When the renewal that the store last confirmed was sent: nobody can have seen it stand still for longer. */
  #confirmedAt: number;

  constructor(
    private readonly store: ReadStore,
    private readonly name: string,
    private lease: Lease,
    begunAt: number,
    private readonly stopwatch: Stopwatch,
    private readonly standstill: number,
  ) {
    this.#confirmedAt = begunAt;
    this.#renewing = this.#renew();
    void this.#expire();
  }

  /** The fencing token, to be handed in with every write. */
  get token(): number {
    return this.lease.token;
  }

  /** Fires when the work may no longer be this process's. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** Whether nobody else can have taken over yet. Also true to the letter right after the process was held up. */
  get holds(): boolean {
    if (this.#left() <= 0) this.lose();
    return !this.#lost.signal.aborted;
  }

  /** Ends the tenure: the store, or the stopwatch, says that another process may be at work. */
  lose(): void {
    this.#lost.abort();
    this.#ended.abort();
  }

  /** Gives the lease back, so that another process can take over at once. Where the store does not answer soon, it runs out instead. */
  async release(): Promise<void> {
    const held = this.holds;
    this.#ended.abort();
    if (!held) return;
    const givingBack = this.#renewing
      .then(() => this.store.swapLease(this.name, this.lease, { ...this.lease, owner: '' }))
      .catch(() => {});
    const answered = new AbortController();
    await Promise.race([givingBack, this.stopwatch.wait(this.standstill / 3, answered.signal)]);
    answered.abort();
    this.lose();
  }

  /** Milliseconds that are left of it, with a third of the standstill for writes that are under way when it ends. */
  #left(): number {
    return this.#confirmedAt + (this.standstill * 2) / 3 - this.stopwatch.now();
  }

  /** Apart from the renewals, of which one may hang. */
  async #expire(): Promise<void> {
    while (this.holds && !this.#ended.signal.aborted) await this.stopwatch.wait(this.#left(), this.#ended.signal);
  }

  async #renew(): Promise<void> {
    const ended = this.#ended.signal;
    let pause = this.standstill / 3;
    for (;;) {
      await this.stopwatch.wait(pause, ended);
      if (ended.aborted) return;
      const begunAt = this.stopwatch.now();
      // A store that cannot answer now is asked again sooner.
      const renewed = await this.#beat().catch(() => undefined);
      if (ended.aborted) return;
      if (renewed) this.#confirmedAt = begunAt;
      if (renewed === false) this.lose();
      pause = renewed ? this.standstill / 3 : this.standstill / 12;
    }
  }

  /** False where the lease is another process's. */
  async #beat(): Promise<boolean> {
    const next = { ...this.lease, beat: this.lease.beat + 1 };
    const renewed = await this.store.swapLease(this.name, this.lease, next);
    if (renewed) {
      this.lease = next;
      return true;
    }
    // The answer to an earlier beat may have been lost: with this token the lease is ours, whatever its beat.
    const found = await this.store.lease(this.name);
    if (found?.owner !== this.lease.owner || found.token !== this.lease.token) return false;
    this.lease = found;
    return this.#beat();
  }
}
