/** Tells those who wait that something moved. Costs nothing where nobody does. */
export class Movement {
  #next: PromiseWithResolvers<void> | undefined;

  /** Resolves at the next move. */
  next(): Promise<void> {
    return (this.#next ??= Promise.withResolvers<void>()).promise;
  }

  tell(): void {
    this.#next?.resolve();
    this.#next = undefined;
  }
}
