import { type BeforeApplicationShutdown, type DynamicModule, Inject, Injectable, Module } from '@nestjs/common';
import { Config, InvalidConfig } from '#platform/config/config';
import { type EventStore, STORED_EVENTS } from '#platform/event-store/event-store.port';
import { Readiness } from '#platform/observability/readiness';
import type { EventStoreDbFront } from './front.js';

/** Names of the streams that clients of the front may only read. */
const GUARDED_STREAMS = Symbol('GuardedStreams');

/** The EventStoreDB front of this process, where PERDURE_EVENTSTOREDB_PORT names one. */
@Injectable()
export class ConfiguredFront implements BeforeApplicationShutdown {
  #front: EventStoreDbFront | undefined;

  constructor(
    @Inject(STORED_EVENTS) private readonly store: EventStore,
    private readonly config: Config,
    private readonly readiness: Readiness,
    @Inject(GUARDED_STREAMS) private readonly guarded: readonly string[],
  ) {}

  /** Opens it, when all else is ready. Rejects with InvalidConfig where it cannot listen. */
  async open(): Promise<void> {
    const { eventStoreDbPort: port, maxEventBytes, drainSeconds } = this.config;
    if (port === 0) return;
    const host = this.config.host.includes(':') ? `[${this.config.host}]` : this.config.host;
    // gRPC takes its time to load.
    const [{ EventStoreDbFront }, { GuardedFront }] = await Promise.all([import('./front.js'), import('./access.js')]);
    const access = new GuardedFront(this.guarded);
    const options = { port, host, maxEventBytes, drainMs: drainSeconds * 1_000, access };
    this.#front = await EventStoreDbFront.open(this.store, options).catch((error: Error) => {
      if (!isAboutTheAddress(error)) throw error;
      throw new InvalidConfig([
        `PERDURE_EVENTSTOREDB_PORT=${port} cannot be listened on at ${host}; it may be taken. Stop the program that has it, or choose another.`,
      ]);
    });
    this.readiness.add('EventStoreDB front', () => this.#isOpen());
  }

  /** Before the stores close, which they do in `onApplicationShutdown`. */
  async beforeApplicationShutdown(): Promise<void> {
    const front = this.#front;
    this.#front = undefined;
    await front?.close();
  }

  async #isOpen(): Promise<void> {
    if (!this.#front) throw new Error('It is closed: the process is about to end.');
  }
}

/** What gRPC says where it cannot bind: an error of its own words, with or without the system's code. */
function isAboutTheAddress(error: NodeJS.ErrnoException): boolean {
  return error.syscall === 'listen' || /EADDRINUSE|EACCES|EADDRNOTAVAIL|No address added/.test(error.message);
}

/** Serves the event store to EventStoreDB clients, where the settings say so. */
@Module({ providers: [ConfiguredFront] })
export class FrontModule {
  /** Clients may read these streams, and neither write to them nor delete them. */
  static guarding(streams: readonly string[]): DynamicModule {
    return { module: FrontModule, providers: [{ provide: GUARDED_STREAMS, useValue: streams }] };
  }
}
