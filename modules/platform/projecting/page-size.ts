import { performance } from 'node:perf_hooks';

/** Milliseconds that a page should keep the event loop: requests that come in between wait for about so long. */
const GOAL_MS = 25;

/** Fewer events would cost more for reading and writing each page than they spare those who wait. */
const FEWEST = 100;

/** Milliseconds that this process's event loop has worked so far, not counting its waits for disks and networks. */
export const loopTime = (): number => performance.eventLoopUtilization().active;

/** How many events make a page: as many as keep the event loop busy for a short time, going by the page before. */
export class PageSize {
  #now: number;

  /** `busy` is a stopwatch that runs while the event loop works. */
  constructor(
    private readonly most: number,
    private readonly busy: () => number = loopTime,
  ) {
    this.#now = Math.min(FEWEST * 5, most);
  }

  get now(): number {
    return this.#now;
  }

  /** Begins to measure a page; the function that it gives ends that, and is told how many events it had. */
  measure(): (events: number) => void {
    const began = this.busy();
    return (events) => {
      // A page of few events is mostly what every page costs.
      if (events < Math.min(FEWEST, this.most)) return;
      const fitting = (events * GOAL_MS) / Math.max(this.busy() - began, 0.1);
      // One slow page, of garbage collection or of others' work, is not to make the next ones tiny; nor the other way round.
      const next = Math.min(Math.max(fitting, this.#now / 2), this.#now * 2);
      this.#now = Math.round(Math.min(Math.max(next, FEWEST), this.most));
    };
  }
}
