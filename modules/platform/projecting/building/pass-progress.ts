import type { Position } from '#kernel/event';
import type { OperationRun } from '#platform/operations/operation-run';

/**
 * Tells how far a pass over the events is. How many there are nobody knows before the end: it is estimated from how far
 * apart they were so far.
 */
export class PassProgress {
  #done: number;
  #first: { readonly position: number; readonly done: number } | undefined;

  constructor(
    private readonly run: OperationRun,
    private readonly head: Position,
  ) {
    this.#done = run.operation.done;
  }

  get done(): number {
    return this.#done;
  }

  readonly onPage = (events: number, at: Position): void => {
    const position = Number(at);
    // What was read when the process was killed is read again, though it was noted as done: no event takes less than one position.
    this.#done = Math.min(this.#done + events, position);
    this.#first ??= { position, done: this.#done };
    const way = position - this.#first.position;
    const left = Math.max(0, Number(this.head) - position);
    const rest = left === 0 ? 0 : way > 0 ? Math.round((left / way) * (this.#done - this.#first.done)) : null;
    this.run.progress(this.#done, rest === null ? null : this.#done + rest);
  };
}
