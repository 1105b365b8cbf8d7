import {
  type DynamicModule,
  Inject,
  Module,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleInit,
  Optional,
  type Provider,
} from '@nestjs/common';
import { CommandHandler, CqrsModule, type ICommandHandler } from '@nestjs/cqrs';
import { type Clock, systemClock } from '#kernel/clock';
import type { Command, CommandClass } from '#kernel/command';
import { DomainError } from '#kernel/errors';
import type { DomainEvent } from '#kernel/event';
import { type Ids, systemIds } from '#kernel/ids';
import type { ObjectState, ObjectType } from '#kernel/object-type';
import type { Upcaster } from '#kernel/upcaster';
import { MirroredEventStore } from './copying/mirrored-event-store.js';
import { AccessPolicy, OpenAccess } from './dispatch/access-policy.js';
import { Activations } from './dispatch/activations.js';
import { DISPATCH_OPTIONS, type DispatchOptions } from './dispatch/dispatch-options.js';
import { CLOCK, Dispatcher, IDS } from './dispatch/dispatcher.js';
import type { Answer } from './dispatch/envelope.js';
import { Idempotency } from './dispatch/idempotency.js';
import { anyObjectType, type AnyObjectType, ObjectRegistry } from './dispatch/object-registry.js';
import { DryRun } from './dispatch/dry-run.js';
import { Objects } from './dispatch/objects.js';
import { PastObjects } from './dispatch/past-objects.js';
import { isFinal, RefusalLog } from './dispatch/refusal-log.js';
import { Snapshots } from './dispatch/snapshots.js';
import { WayMarking } from './dispatch/way-marking.js';
import { WayMarks } from './dispatch/way-marks.js';
import { Sealing } from './erasure/sealing.js';
import { KEY_OPTIONS, type KeyOptions, SubjectKeys } from './erasure/subject-keys.js';
import { Unsealing } from './erasure/unsealing.js';
import { EVENT_STORE, type EventStore, STORED_EVENTS } from './event-store/event-store.port.js';
import { commandsTaken } from './http/input.js';
import { Metrics } from './observability/metrics.js';
import { Readiness } from './observability/readiness.js';
import { READ_STORE, type ReadStore } from './read-store/read-store.port.js';
import { Upcasters } from './upcasting/upcasters.js';
import { UpcastingEventStore } from './upcasting/upcasting-event-store.js';
import { openReadStore, openStoreAndMirror, type StoreOptions } from './stores/open-stores.js';

export interface PlatformOptions {
  readonly stores: StoreOptions;
  readonly dispatch: DispatchOptions;
  readonly clock?: Clock;
  readonly ids?: Ids;
  /** Where the keys of personal data are; default: in memory, for tests. */
  readonly keys?: KeyOptions;
  /** How events that were stored in older shapes are read; default: none were. */
  readonly upcasters?: readonly Upcaster[];
}

type DeclaredType = ObjectType<ObjectState, DomainEvent> | { readonly name: string };

/** The ports, and the write side over them. */
@Module({})
export class PlatformModule implements OnModuleInit, OnApplicationBootstrap, OnApplicationShutdown {
  /** Opens the stores; once, in the app. */
  static forRoot(options: PlatformOptions): DynamicModule {
    const providers: Provider[] = [
      {
        provide: STORED_EVENTS,
        inject: [METRICS],
        useFactory: (metrics?: Metrics) => openStoreAndMirror(observed(options.stores, metrics)),
      },
      { provide: Upcasters, useFactory: () => new Upcasters(options.upcasters) },
      {
        provide: EVENT_STORE,
        inject: [STORED_EVENTS, Upcasters],
        useFactory: (stored: EventStore, upcasters: Upcasters) =>
          upcasters.list.length === 0 ? stored : new UpcastingEventStore(stored, upcasters),
      },
      // One after the other: where both are in one file that cannot be used, the first one says why.
      {
        provide: READ_STORE,
        inject: [EVENT_STORE, METRICS],
        useFactory: async (eventStore: EventStore, metrics?: Metrics) => {
          try {
            return await openReadStore(options.stores.readStore, observed(options.stores, metrics));
          } catch (error) {
            await eventStore.close(); // its connection would keep the process from ending
            throw error;
          }
        },
      },
      { provide: CLOCK, useValue: options.clock ?? systemClock },
      { provide: IDS, useValue: options.ids ?? systemIds },
      { provide: DISPATCH_OPTIONS, useValue: options.dispatch },
      { provide: KEY_OPTIONS, useValue: options.keys ?? {} },
      { provide: AccessPolicy, useClass: OpenAccess },
      ...[WayMarks, WayMarking, PastObjects, DryRun],
      ...[SubjectKeys, Unsealing, Sealing],
      ...[ObjectRegistry, Snapshots, Activations, Objects, Idempotency, Dispatcher],
    ];
    return {
      module: PlatformModule,
      global: true,
      imports: [CqrsModule.forRoot()],
      providers,
      exports: [
        EVENT_STORE,
        STORED_EVENTS,
        READ_STORE,
        CLOCK,
        IDS,
        ObjectRegistry,
        Activations,
        Objects,
        PastObjects,
        Snapshots,
        WayMarks,
        Dispatcher,
        DryRun,
        SubjectKeys,
        Unsealing,
        Sealing,
        CqrsModule,
      ],
    };
  }

  /**
   * Declares object types and puts a command handler behind each of their commands, so that `CommandBus.execute` is the one
   * way in. Two types or two commands with one name stop the start.
   */
  static forObjects(types: readonly DeclaredType[]): DynamicModule {
    const declared = types as readonly AnyObjectType[];
    const registration: Provider = {
      provide: Symbol('registered object types'),
      // The stores come first: whoever is told of a refusal must not find that they are being opened yet.
      inject: [ObjectRegistry, READ_STORE],
      useFactory: (registry: ObjectRegistry) => declared.forEach((type) => registry.add(anyObjectType(type))),
    };
    const handlers = declared.flatMap((type) => type.commands).map(handlerOf);
    return { module: DeclaredObjectsModule, providers: [registration, ...handlers] };
  }

  constructor(
    @Inject(STORED_EVENTS) private readonly eventStore: EventStore,
    @Inject(READ_STORE) private readonly readStore: ReadStore,
    @Inject(ObjectRegistry) private readonly registry: ObjectRegistry,
    @Inject(Activations) private readonly activations: Activations,
    @Optional() @Inject(Readiness) private readonly readiness?: Readiness,
    @Optional() @Inject(Metrics) private readonly metrics?: Metrics,
  ) {}

  /** Both only ask what every store answers in a moment. */
  onModuleInit(): void {
    this.readiness?.add('event store', () => this.eventStore.head());
    this.readiness?.add('read store', () => this.readStore.checkpoint('readiness'));
    this.metrics?.gauge('cached_objects', 'Objects whose state is in memory.', () => this.activations.size);
    const store = this.eventStore;
    if (!(store instanceof MirroredEventStore)) return;
    const help = '1 where the mirror of the event store has everything, 0 where it is behind or fails.';
    this.metrics?.gauge('event_store_mirror_live', help, () => (store.mirroring.state === 'live' ? 1 : 0));
  }

  /** An endpoint whose command nobody decides would fail its first caller; it stops the start instead. */
  onApplicationBootstrap(): void {
    for (const command of commandsTaken) this.registry.typeDeciding(command);
  }

  /** After the servers and the projections have stopped, what was accepted is finished. */
  async onApplicationShutdown(): Promise<void> {
    await this.eventStore.close();
    await this.readStore.close();
  }
}

@Module({})
class DeclaredObjectsModule {}

/** Metrics are there where the application observes itself. */
const METRICS = { token: Metrics, optional: true };

function observed(stores: StoreOptions, metrics: Metrics | undefined): StoreOptions {
  return { ...stores, onGroup: metrics && ((writes) => metrics.observeGroup(writes)) };
}

function handlerOf(command: CommandClass): Provider {
  @CommandHandler(command)
  class DispatchHandler implements ICommandHandler<Command, Answer> {
    constructor(
      @Inject(Dispatcher) private readonly dispatcher: Dispatcher,
      @Optional() @Inject(Metrics) private readonly metrics?: Metrics,
      @Optional() @Inject(RefusalLog) private readonly refusals?: RefusalLog,
    ) {}

    execute(given: Command): Promise<Answer> {
      return this.dispatcher.dispatch(given).then(
        (answer) => {
          this.metrics?.countCommand(command.name, answer.replayed ? 'replayed' : 'done');
          return answer;
        },
        async (error: unknown) => {
          this.metrics?.countCommand(command.name, error instanceof DomainError ? error.code : 'internal-error');
          if (isFinal(error)) await this.refusals?.record(given, error);
          throw error;
        },
      );
    }
  }
  Object.defineProperty(DispatchHandler, 'name', { value: `${command.name}Handler` });
  return DispatchHandler;
}
