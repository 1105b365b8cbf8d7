import { START } from '#kernel/event';
import { LeaseLost } from '../read-store/read-store.errors.js';
import type { Checkpoint, ReadStore, Write } from '../read-store/read-store.port.js';
import type { Tenure } from './tenure.js';

/** A checkpoint in the hands of the one process that may move it. */
export class OwnCheckpoint {
  #stored: Checkpoint | null = null;

  /** Without a tenure nobody else may write to the store. */
  constructor(
    readonly projection: string,
    private readonly documents: ReadStore,
    private readonly tenure?: Tenure,
  ) {}

  async load(): Promise<Checkpoint | null> {
    return (this.#stored = await this.documents.checkpoint(this.projection));
  }

  /** As this process knows it. */
  get stored(): Checkpoint | null {
    return this.#stored;
  }

  /**
   * Writes the documents and moves the checkpoint, which may also stay where it is. Rejects with `LeaseLost` and `CheckpointMoved`
   * where another process is at work.
   */
  async write(
    writes: readonly Write[],
    to: Checkpoint = this.#stored ?? { position: START, version: 0 },
  ): Promise<void> {
    const { projection, tenure } = this;
    if (tenure && !tenure.holds) throw new LeaseLost(projection, tenure.token);
    await this.documents.write(writes, { projection, from: this.#stored, to, token: tenure?.token });
    this.#stored = to;
  }
}
