import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { loopbackPort } from './loopback-port.js';

/** The network between us and an engine, to be broken by a test. */
export class TcpProxy {
  readonly #server: Server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#accept(client));
  readonly #sockets = new Set<Socket>();
  #isUp = true;
  #isFlowing: Promise<void> = Promise.resolve();
  #flowOn = (): void => {};
  #msPerChunk = 0;
  #bytesPerSecond = Infinity;

  /** Listens in front of the server that a URL such as `redis://127.0.0.1:6379/1` names. */
  static async to(url: string): Promise<TcpProxy> {
    const proxy = new TcpProxy(new URL(url), await loopbackPort());
    await proxy.#listen();
    return proxy;
  }

  private constructor(
    private readonly target: URL,
    private readonly port: number,
  ) {}

  /** The target's URL with the proxy's address in it; the same all the time. */
  get url(): string {
    const url = new URL(this.target);
    url.host = `127.0.0.1:${this.port}`;
    return url.href;
  }

  /** Connections that are open through the proxy. */
  get connections(): number {
    return this.#sockets.size / 2;
  }

  /** Resets every connection and refuses new ones. */
  async cut(): Promise<void> {
    if (!this.#isUp) return;
    this.#isUp = false;
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) breakOff(socket);
    await closed;
  }

  /** Accepts, and lets nothing through in either direction: neither side hears that the other has gone. */
  hang(): void {
    this.#isFlowing = new Promise((resolve) => (this.#flowOn = resolve));
  }

  /** Each piece that passes, in each direction, waits so long and as long as its bytes take. */
  slow(msPerChunk: number, bytesPerSecond = Infinity): void {
    this.#msPerChunk = msPerChunk;
    this.#bytesPerSecond = bytesPerSecond;
  }

  /** As new. What {@link hang} held back arrives now; what {@link cut} has cut is lost. */
  async restore(): Promise<void> {
    this.slow(0);
    this.#flowOn();
    if (!this.#isUp) await this.#listen();
    this.#isUp = true;
  }

  async close(): Promise<void> {
    this.#flowOn();
    await this.cut();
  }

  async #listen(): Promise<void> {
    this.#server.listen(this.port, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  #accept(client: Socket): void {
    const { hostname, port } = this.target;
    const server = connect({ host: hostname, port: Number(port), allowHalfOpen: true, noDelay: true });
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    }
    // One direction that breaks breaks the other one: to both sides the connection is gone.
    const breakBoth = (): void => {
      breakOff(client);
      breakOff(server);
    };
    pipeline(client, (bytes: AsyncIterable<Buffer>) => this.#paced(bytes), server).catch(breakBoth);
    pipeline(server, (bytes: AsyncIterable<Buffer>) => this.#paced(bytes), client).catch(breakBoth);
  }

  async *#paced(bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of bytes) {
      const ms = this.#msPerChunk + (chunk.length / this.#bytesPerSecond) * 1_000;
      if (ms > 0) await sleep(ms);
      await this.#isFlowing;
      yield chunk;
    }
    await this.#isFlowing;
  }
}

/** One that has said its last word is closed: reset in the middle of that, Node would never let go of it, nor rest. */
function breakOff(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}
