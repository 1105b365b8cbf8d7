/** A server of a test's own. It listens on loopback only. */
export interface Engine {
  /** The same from the first start to the end; throws before it. */
  readonly url: string;

  /** Resolves when the server answers. After {@link kill} it comes back on the same port with the same data. */
  start(): Promise<void>;

  /** SIGKILL: nothing is flushed, nothing is said to clients. The data stay. */
  kill(): Promise<void>;

  /** SIGSTOP: connections stay open and nobody answers. */
  pause(): void;

  /** SIGCONT. */
  resume(): void;

  /** Ends the server for good and removes its data. */
  stop(): Promise<void>;
}
