import type { EventStore, SubscribeOptions } from '#platform/event-store/event-store.port';
import type { Stopwatch } from '#platform/projecting/stopwatch';
import type { ManualStopwatch } from './manual-stopwatch.js';

/**
 * A process as it looks from outside: it can stall, as in a long garbage collection, and be killed. What it has sent by then still
 * arrives, perhaps much later; what comes back to it waits, or is lost.
 */
export class StallableProcess {
  /** Requests that stores of any such process are busy with. */
  static busy = 0;

  readonly #killed = new AbortController();
  #awake = Promise.resolve();
  #wake = (): void => {};

  constructor(
    private readonly time: ManualStopwatch,
    /** How many milliseconds the next request is under way. */
    private readonly delay: () => number = () => 0,
  ) {}

  get killed(): boolean {
    return this.#killed.signal.aborted;
  }

  stall(): void {
    this.resume();
    this.#awake = new Promise((resolve) => (this.#wake = resolve));
  }

  resume(): void {
    this.#wake();
  }

  kill(): void {
    this.#awake = new Promise(() => {});
    this.#killed.abort();
  }

  get stopwatch(): Stopwatch {
    return {
      now: () => this.time.now(),
      wait: (milliseconds, signal) => this.#answer(this.time.wait(milliseconds, signal)),
    };
  }

  /** The store as this process reaches it. */
  reaching<Store extends object>(store: Store): Store {
    return new Proxy(store, {
      get: (target, name) => {
        const member = Reflect.get(target, name) as unknown;
        if (typeof member !== 'function') return member;
        if (name === 'subscribe') return (options: SubscribeOptions) => this.#listen(target as EventStore, options);
        return (...args: unknown[]) => this.#answer(this.#send(() => Reflect.apply(member, target, args) as unknown));
      },
    });
  }

  async #send<T>(request: () => T): Promise<Awaited<T>> {
    const delay = this.delay();
    if (delay > 0) await this.time.wait(delay, new AbortController().signal);
    StallableProcess.busy++;
    try {
      return await request();
    } finally {
      StallableProcess.busy--;
    }
  }

  async #answer<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } finally {
      await this.#awake;
    }
  }

  async *#listen(store: EventStore, options: SubscribeOptions) {
    const signal = AbortSignal.any([this.#killed.signal, ...(options.signal ? [options.signal] : [])]);
    for await (const message of store.subscribe({ ...options, signal })) {
      await this.#awake;
      yield message;
    }
    await this.#awake;
  }
}
