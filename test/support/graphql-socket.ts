import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import type { GraphqlError } from './graphql-client.js';

interface Message {
  readonly type: string;
  readonly id?: string;
  readonly payload?: unknown;
}

// What a subscription answers follows from its text.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Data = any;

/** A graphql-transport-ws client that shows what comes over the line. */
export class GraphqlSocket {
  /** Rejects with the status where the server refuses. */
  static async open(url: string, headers: Record<string, string> = {}): Promise<GraphqlSocket> {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', { headers });
    await new Promise<void>((resolve, reject) => {
      socket.once('open', resolve).once('error', reject);
      socket.once('unexpected-response', (_, response) => reject(new Error(`Status ${response.statusCode}`)));
    });
    const opened = new GraphqlSocket(socket);
    opened.send({ type: 'connection_init' });
    await opened.#acknowledged.promise;
    return opened;
  }

  readonly closed: Promise<{ code: number; reason: string }>;
  readonly #acknowledged = Promise.withResolvers<void>();
  readonly #subscriptions = new Map<string, GraphqlSubscription>();

  private constructor(private readonly socket: WebSocket) {
    this.closed = new Promise((resolve) => {
      socket.once('close', (code, reason) => resolve({ code, reason: String(reason) }));
    });
    socket.on('message', (data) => {
      const message = JSON.parse((data as Buffer).toString()) as Message;
      if (message.type === 'connection_ack') this.#acknowledged.resolve();
      else if (message.id !== undefined) this.#subscriptions.get(message.id)?.take(message);
    });
  }

  subscribe(query: string, variables?: object): GraphqlSubscription {
    const id = String(this.#subscriptions.size);
    const subscription = new GraphqlSubscription(this, id);
    this.#subscriptions.set(id, subscription);
    this.send({ type: 'subscribe', id, payload: { query, variables } });
    return subscription;
  }

  send(message: Message): void {
    this.socket.send(JSON.stringify(message));
  }

  stopReading(): void {
    this.socket.pause();
  }

  readOn(): void {
    this.socket.resume();
  }

  async pause(milliseconds: number): Promise<void> {
    this.socket.pause();
    await sleep(milliseconds);
    this.socket.resume();
  }

  async close(): Promise<void> {
    this.socket.resume();
    this.socket.close();
    await this.closed;
  }
}

export class GraphqlSubscription {
  readonly #messages: Message[] = [];
  #wake: () => void = () => {};

  constructor(
    private readonly socket: GraphqlSocket,
    private readonly id: string,
  ) {}

  take(message: Message): void {
    this.#messages.push(message);
    this.#wake();
  }

  /** The data of the next message. Rejects where it has none. */
  async next(): Promise<Data> {
    const { type, payload } = await this.#next();
    if (type !== 'next') throw new Error(`Got ${type}: ${JSON.stringify(payload)}`);
    return (payload as { data: Data }).data;
  }

  /** The errors that came in the place of data. */
  async refused(): Promise<{ errors: readonly GraphqlError[] }> {
    const { type, payload } = await this.#next();
    if (type === 'error') return { errors: payload as GraphqlError[] };
    // A field that refuses answers once, with errors alone.
    const { errors } = payload as { errors?: GraphqlError[] };
    if (errors) return { errors };
    throw new Error(`Got ${type}: ${JSON.stringify(payload)}`);
  }

  complete(): void {
    this.socket.send({ type: 'complete', id: this.id });
  }

  async #next(): Promise<Message> {
    while (this.#messages.length === 0) await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.#messages.shift()!;
  }
}
