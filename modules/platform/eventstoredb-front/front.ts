import { promisify } from 'node:util';
import gossipService from '@eventstore/db-client/generated/gossip_grpc_pb.js';
import featuresService from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js';
import streamsService from '@eventstore/db-client/generated/streams_grpc_pb.js';
import { Server, ServerCredentials, type ServiceDefinition, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { type Clock, systemClock } from '#kernel/clock';
import { type Ids, systemIds } from '#kernel/ids';
import { FREE_METADATA_BYTES } from '#platform/event-store/event-row';
import type { EventStore } from '#platform/event-store/event-store.port';
import { type FrontAccess, OpenFront } from './access.js';
import { type CallScope, unary } from './calls.js';
import { gossipHandlers } from './gossip.js';
import { persistentSubscriptionsService } from './persistent-subscriptions.js';
import { supportedMethods } from './server-features.js';
import { ensureSettings } from './settings-stream.js';
import { streamsHandlers } from './streams.js';

const MIB = 2 ** 20;
/** What a message may have beside its events: clients put up to 3 MiB of an append into one. */
const MESSAGE_OVERHEAD = 4 * MIB;
/** A subscription is a call. */
const CALLS_PER_CONNECTION = 10_000;
/** A client whose machine has gone is noticed within twice that time. */
const KEEP_ALIVE_MS = 10_000;

export interface EventStoreDbFrontOptions {
  /** Default: any free port. */
  readonly port?: number;
  /** Default: the loopback interface only. */
  readonly host?: string;
  /** Largest data of an event, in bytes, as the store has it; default 1 MiB. */
  readonly maxEventBytes?: number;
  /** Largest append, in bytes of data and metadata; default: that of one event with its metadata. */
  readonly maxAppendBytes?: number;
  /** Time that calls have to finish when the front closes; default 10 s. */
  readonly drainMs?: number;
  readonly access?: FrontAccess;
  readonly clock?: Clock;
  readonly ids?: Ids;
}

/** A service and what answers its calls. */
interface Served {
  readonly definition: ServiceDefinition;
  readonly handlers: UntypedServiceImplementation;
}

/**
 * The EventStoreDB protocol over any event store: clients of that database, in any language, read and append here, at
 * `esdb://<host>:<port>?tls=false`. It translates and controls the flow; all that lasts lies in the store. Projections, users and
 * operations are not served; their calls are answered with UNIMPLEMENTED.
 *
 * @example
 * const front = await EventStoreDbFront.open(store, { port: 2113 });
 * await front.close(); // before the store
 */
export class EventStoreDbFront {
  #closed: Promise<void> | undefined;

  /** Listens. Rejects where the address is taken, or with the store's errors. The store stays the caller's to close. */
  static async open(store: EventStore, options: EventStoreDbFrontOptions = {}): Promise<EventStoreDbFront> {
    const { host = '127.0.0.1', port = 0, maxEventBytes = MIB, drainMs = 10_000 } = options;
    const { maxAppendBytes = maxEventBytes + FREE_METADATA_BYTES } = options;
    const { access = new OpenFront(), clock = systemClock, ids = systemIds } = options;
    await ensureSettings(store, ids);

    const closing = new AbortController();
    const scope: CallScope = { access, closing: closing.signal };
    const endpoint = { host, port };
    const persistent = persistentSubscriptionsService(scope, { store, clock, ids });
    const services: Served[] = [
      { definition: streamsService.StreamsService, handlers: streamsHandlers(scope, { store, maxAppendBytes }) },
      persistent,
      { definition: gossipService.GossipService, handlers: gossipHandlers(scope, { id: ids.next(), endpoint, clock }) },
    ];
    services.push(featuresOf(scope, services));

    const server = new Server({
      'grpc.max_receive_message_length': maxAppendBytes + MESSAGE_OVERHEAD,
      'grpc.max_concurrent_streams': CALLS_PER_CONNECTION,
      'grpc.keepalive_time_ms': KEEP_ALIVE_MS,
      'grpc.keepalive_timeout_ms': KEEP_ALIVE_MS,
    });
    for (const { definition, handlers } of services) server.addService(definition, handlers);
    endpoint.port = await promisify(server.bindAsync.bind(server))(
      `${/^[^[].*:/.test(host) ? `[${host}]` : host}:${port}`,
      ServerCredentials.createInsecure(),
    );
    return new EventStoreDbFront(endpoint.port, async () => {
      closing.abort();
      const timer = setTimeout(() => server.forceShutdown(), drainMs);
      await promisify(server.tryShutdown.bind(server))().finally(() => clearTimeout(timer));
      await persistent.close();
    });
  }

  private constructor(
    /** Where it listens. */
    readonly port: number,
    private readonly shutDown: () => Promise<void>,
  ) {}

  /** Ends subscriptions with UNAVAILABLE, so that clients connect anew, and finishes what else was accepted. */
  close(): Promise<void> {
    return (this.#closed ??= this.shutDown());
  }
}

function featuresOf(scope: CallScope, others: readonly Served[]): Served {
  const definition = featuresService.ServerFeaturesService;
  const methods = supportedMethods([...others.map((one) => one.definition), definition]);
  return { definition, handlers: { getSupportedMethods: unary(scope, async () => methods) } };
}
