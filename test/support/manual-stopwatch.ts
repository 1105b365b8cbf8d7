import type { Stopwatch } from '#platform/projecting/stopwatch';

interface Timer {
  readonly at: number;
  readonly fire: () => void;
}

/** A stopwatch that a test moves on; several may be looked at, as several machines' would be. */
export class ManualStopwatch implements Stopwatch {
  #now = 0;
  readonly #timers = new Set<Timer>();

  /** `rest` resolves when all that can happen without time moving on has happened. */
  constructor(private readonly rest: () => Promise<void> = atRest) {}

  now(): number {
    return this.#now;
  }

  wait(milliseconds: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const fire = (): void => {
        this.#timers.delete(timer);
        signal.removeEventListener('abort', fire);
        resolve();
      };
      const timer = { at: this.#now + milliseconds, fire };
      this.#timers.add(timer);
      signal.addEventListener('abort', fire);
    });
  }

  /** Fires what is due on the way, in order, and lets each consequence come to rest before the next. */
  async advance(milliseconds: number): Promise<void> {
    const until = this.#now + milliseconds;
    for (;;) {
      await this.rest();
      const [next] = [...this.#timers].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at);
      if (!next) break;
      this.#now = Math.max(this.#now, next.at);
      next.fire();
    }
    this.#now = until;
  }
}

/** Resolves when what in-memory stores and promises have to do is done: some turns of the event loop. */
export async function atRest(): Promise<void> {
  for (let turn = 0; turn < 8; turn++) await new Promise(setImmediate);
}
