import type { WebSocket as GraphqlSocket } from 'graphql-ws';
import type { WebSocket } from 'ws';

/** Bytes that may wait to be sent before nothing more is read: answers to pings, for one, have no other bound. */
const MAX_WAITING_BYTES = 2 ** 20;

/** Milliseconds between signs of life; a client that gives none for twice as long is gone. */
const HEARTBEAT = 30_000;

export interface LineOptions {
  /** Longest time in milliseconds that a message may wait to be sent. */
  readonly patience: number;
  /** A message has waited for longer. */
  readonly tooSlow: () => void;
  readonly failed: (error: unknown) => void;
}

/**
 * One socket, as graphql-ws writes to it. A message counts as sent when the operating system has it, so that a subscription reads on in
 * the store only as fast as its client reads: what waits here is one message of each subscription.
 */
export class SocketLine implements GraphqlSocket {
  #alive = true;

  constructor(
    private readonly socket: WebSocket,
    private readonly options: LineOptions,
  ) {
    // ws closes the socket itself.
    socket.on('error', () => {});
    socket.on('pong', () => (this.#alive = true));
    const heartbeat = setInterval(() => this.#beat(), HEARTBEAT).unref();
    socket.once('close', () => clearInterval(heartbeat));
  }

  get protocol(): string {
    return this.socket.protocol;
  }

  send(message: string): Promise<void> {
    const { socket } = this;
    if (socket.readyState !== socket.OPEN) return Promise.resolve();
    return new Promise((resolve) => {
      const deadline = setTimeout(this.options.tooSlow, this.options.patience);
      // An error means that the socket is closing: the subscription ends with it.
      socket.send(message, () => {
        clearTimeout(deadline);
        if (socket.isPaused && socket.bufferedAmount <= MAX_WAITING_BYTES) socket.resume();
        resolve();
      });
      if (socket.bufferedAmount > MAX_WAITING_BYTES) socket.pause();
    });
  }

  /** Resolves when the socket is closed, by force where the client does not do its part in so many milliseconds. */
  async close(code = 1000, reason = '', patience?: number): Promise<void> {
    const { socket } = this;
    if (socket.readyState === socket.CLOSED) return;
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    socket.resume();
    socket.close(code, reason);
    const force = patience === undefined ? undefined : setTimeout(() => socket.terminate(), patience);
    await closed;
    clearTimeout(force);
  }

  onMessage(take: (message: string) => Promise<void>): void {
    this.socket.on('message', (data) => {
      this.#alive = true;
      take(String(data as Buffer)).catch((error: unknown) => {
        this.options.failed(error);
        void this.close(4500, 'Internal error');
      });
    });
  }

  /** Who reads slowly answers late, and has a limit of its own. */
  #beat(): void {
    if (this.socket.bufferedAmount > 0) return;
    if (!this.#alive) return this.socket.terminate();
    this.#alive = false;
    this.socket.ping();
  }
}
