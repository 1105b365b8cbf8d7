import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** What becomes of the command at which the gate closes: it never arrives, or it arrives when `release` says so. */
export type Fate = 'lost' | 'late';

/** The network in front of a MongoDB server, which breaks before a command that a test chooses. */
export class CommandGate {
  readonly #server: Server = createServer((client) => this.#accept(client));
  readonly #sockets = new Set<Socket>();
  #left = Infinity;
  #passed = 0;
  #fate: Fate = 'lost';
  #held: (() => Promise<unknown>) | undefined;
  #closed: (() => void) | undefined;

  static async to(url: string): Promise<CommandGate> {
    const gate = new CommandGate(new URL(url));
    gate.#server.listen(0, '127.0.0.1');
    await once(gate.#server, 'listening');
    return gate;
  }

  private constructor(private readonly target: URL) {}

  get url(): string {
    const url = new URL(this.target);
    url.host = `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    return url.href;
  }

  /** Commands that it has let through, without what the driver asks on its own account. */
  get passed(): number {
    return this.#passed;
  }

  /** Lets so many commands through, and closes before the next. Resolves when it closes. */
  closeAfter(commands: number, fate: Fate): Promise<void> {
    this.#left = commands;
    this.#fate = fate;
    return new Promise((resolve) => (this.#closed = resolve));
  }

  /** Lets the command through at which the gate closed, if it is `late`, and waits for the server's answer. */
  async release(): Promise<void> {
    await this.#held?.();
  }

  async close(): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await once(this.#server, 'close');
  }

  #accept(client: Socket): void {
    const server = connect(Number(this.target.port), this.target.hostname);
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => {}); // the other side hears of it by the close
      socket.on('close', () => this.#sockets.delete(socket) && other.destroy());
    }
    server.on('data', (data) => client.write(data));
    let rest: Buffer = Buffer.alloc(0);
    client.on('data', (data) => {
      rest = Buffer.concat([rest, data]);
      for (let size; rest.length >= 4 && (size = rest.readInt32LE(0)) <= rest.length; rest = rest.subarray(size)) {
        this.#pass(rest.subarray(0, size), server);
      }
    });
  }

  #pass(message: Buffer, server: Socket): void {
    if (isHousekeeping(message)) return void server.write(message);
    if (this.#left-- > 0) {
      this.#passed++;
      return void server.write(message);
    }
    if (!this.#closed) return; // closed already
    if (this.#fate === 'late') {
      this.#held = () => {
        server.write(message);
        return once(server, 'data');
      };
    }
    this.#closed();
    this.#closed = undefined;
  }
}

const OP_MSG = 2013;

/** What the driver asks on its own account. */
function isHousekeeping(message: Buffer): boolean {
  if (message.readInt32LE(12) !== OP_MSG) return true;
  const name = message.toString('latin1', 26, message.indexOf(0, 26));
  return ['hello', 'ismaster', 'ping', 'endSessions', 'buildInfo'].includes(name);
}
