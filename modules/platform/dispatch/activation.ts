import { START, type DomainEvent, type Position } from '#kernel/event';
import type { ObjectState } from '#kernel/object-type';
import type { Appended } from '#platform/event-store/event-store.port';

/**
 * A durable object in memory. Its state runs ahead of the disk: a command decides on it while the appends of the commands
 * before it are still under way, so that many commands to one object share one fsync (not where others append to it, too). When an append fails, everything that
 * was built on it fails too, and the activation is broken: it must be loaded again.
 */
export class Activation<State extends ObjectState = ObjectState> {
  broken = false;
  /** After this moment, as `Activations.moment` counts them, the state was at some time all that the store had. */
  asOf = 0;
  #pending: Promise<unknown> | undefined;

  constructor(
    public state: State,
    /** Of the last event, -1 before the first. */
    public revision: number,
    public position: Position = START,
    /** Revision that the last snapshot holds, -1 without one. */
    public snapshotRevision = -1,
  ) {}

  /** Whether the state is ahead of what is durable. */
  get ahead(): boolean {
    return this.#pending !== undefined;
  }

  get exists(): boolean {
    return this.state.status !== 'absent';
  }

  /**
   * Takes the state ahead; `append`, called at that moment, is what makes it durable. Where the store answers with another revision, it
   * has found that another process had appended the same before: then the state has those events twice, and is broken.
   */
  advance(state: State, events: readonly DomainEvent[], append: Promise<Appended>, moment: number): void {
    this.state = state;
    const last = (this.revision += events.length);
    const pending = append.then(
      ({ revision, position }) => {
        if (revision !== last) this.broken = true;
        this.position = position;
        this.asOf = Math.max(this.asOf, moment);
        if (this.#pending === pending) this.#pending = undefined;
      },
      () => {
        this.broken = true;
        if (this.#pending === pending) this.#pending = undefined;
      },
    );
    this.#pending = pending;
  }

  /** Resolves when the state of this moment is durable, or known not to be (`broken`). */
  async settled(): Promise<void> {
    await this.#pending;
  }
}
