import type { BatchResult } from './batch.js';

/**
 * Keeps commands to one object in order. One that was refused only for now closes its lane: a client sends it again, and what
 * stood behind it must not have overtaken it.
 */
export class Lanes {
  readonly #last = new Map<string, Promise<BatchResult>>();

  /** Carries the work out behind what its lane has already; without a lane at once. */
  run(lane: string | undefined, carryOut: () => Promise<BatchResult>): Promise<BatchResult> {
    if (lane === undefined) return carryOut();
    const before = this.#last.get(lane);
    const result = before ? before.then((last) => (isTemporary(last) ? last : carryOut())) : carryOut();
    this.#last.set(lane, result);
    return result;
  }
}

function isTemporary({ status, problem }: BatchResult): boolean {
  return status === 429 || status === 503 || problem?.['code'] === 'request-in-flight';
}
