import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '#kernel/clock';
import type { EventStore } from '#platform/event-store/event-store.port';
import { SqliteEventStore } from '#platform/event-store/sqlite-event-store.adapter';
import { EventStoreDbFront } from '#platform/eventstoredb-front/front';

export interface EventStoreDbServerOptions {
  readonly clock?: Clock;
  /** In a file, so that it outlives a restart; default: in memory. */
  readonly lasting?: boolean;
  /** Stands between the protocol and the store, to let tests see or break what passes. */
  readonly behind?: (store: EventStore) => EventStore;
}

/** A server that speaks EventStoreDB's protocol: our front on an embedded store. It can be stopped and started again. */
export class EventStoreDbServer {
  #front?: EventStoreDbFront;
  #store?: SqliteEventStore;
  #port = 0;

  private constructor(
    private readonly path: string,
    private readonly folder: string | undefined,
    private readonly clock: Clock | undefined,
    private readonly behind: (store: EventStore) => EventStore,
  ) {}

  static async start({
    clock,
    lasting = false,
    behind = (store) => store,
  }: EventStoreDbServerOptions = {}): Promise<EventStoreDbServer> {
    const folder = lasting ? await mkdtemp(join(tmpdir(), 'perdure-')) : undefined;
    const server = new EventStoreDbServer(folder ? join(folder, 'store.db') : ':memory:', folder, clock, behind);
    await server.resume();
    return server;
  }

  get url(): string {
    return `esdb://127.0.0.1:${this.#port}?tls=false`;
  }

  get port(): number {
    return this.#port;
  }

  get store(): SqliteEventStore {
    if (!this.#store) throw new Error('The server is stopped.');
    return this.#store;
  }

  async resume(): Promise<void> {
    const { clock } = this;
    this.#store = await SqliteEventStore.open(this.path, { clock });
    this.#front = await EventStoreDbFront.open(this.behind(this.#store), { clock, port: this.#port, drainMs: 50 });
    this.#port = this.#front.port;
  }

  /** Cuts everybody off. */
  async stop(): Promise<void> {
    await this.#front?.close();
    await this.#store?.close();
    this.#front = undefined;
    this.#store = undefined;
  }

  /** Stops it, and nothing is left. */
  async end(): Promise<void> {
    await this.stop();
    if (this.folder) rmSync(this.folder, { recursive: true });
  }
}
