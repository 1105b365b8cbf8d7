/**
 * An async iterable over what the generator yields, which a reader that waits can leave: a generator alone would hear of its return
 * only after what it waits for. The generator must end at its signal, which also fires with any of the others.
 */
export function returnable<T>(
  generate: (signal: AbortSignal) => AsyncGenerator<T, undefined>,
  ...ends: readonly (AbortSignal | undefined)[]
): AsyncIterable<T> {
  return {
    [Symbol.asyncIterator]() {
      const returned = new AbortController();
      const signals = [returned.signal, ...ends.filter((signal) => signal !== undefined)];
      const generated = generate(AbortSignal.any(signals));
      return {
        next: () => generated.next(),
        return: () => {
          returned.abort();
          return generated.return(undefined);
        },
      };
    },
  };
}
