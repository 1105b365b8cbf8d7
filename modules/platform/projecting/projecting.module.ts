import { Module, type DynamicModule, type Provider } from '@nestjs/common';
import { systemClock } from '#kernel/clock';
import type { Projection } from '#kernel/projection';
import { EVENT_STORE, type EventStore } from '../event-store/event-store.port.js';
import { Operations } from '../operations/operations.js';
import { OperationsModule } from '../operations/operations.module.js';
import { OperationWorker } from '../operations/operation-worker.js';
import { READ_STORE, type ReadStore } from '../read-store/read-store.port.js';
import { AsOf, AsOfWork } from './building/as-of.js';
import { checkProjections } from './check-projections.js';
import { Leases } from './leases.js';
import { ObservedProjections } from './observed-projections.js';
import { ProjectingWork } from './projecting-work.js';
import { ProjectionOverviews } from './projection-overviews.js';
import { ProjectionRunner, type RunnerOptions } from './projection-runner.js';
import { OperatorOrders } from './operator-orders.js';
import { ProjectionWaits } from './waiting/projection-waits.js';
import { ProjectionStatuses } from './projection-status.js';
import { Rebuilds, RebuildWork } from './building/rebuilds.js';
import { RunningProjections } from './running-projections.js';

/**
 * Runs projections as long as the application does. A global module must provide `EVENT_STORE` and `READ_STORE`, and close them
 * in `onApplicationShutdown`, not before.
 *
 * @example ProjectingModule.forProjections([things, nouns])
 */
@Module({})
export class ProjectingModule {
  /**
   * Throws UnusableProjections where one of them is incomplete or two are in each other's way. In a read store that several
   * processes write to, each projection runs in one of them at a time.
   */
  static forProjections(projections: readonly Projection<object>[], options: RunnerOptions = {}): DynamicModule {
    checkProjections(projections);
    const runAll = (events: EventStore, documents: ReadStore, rebuilds: Rebuilds): RunningProjections => {
      const leases = documents.shared ? new Leases(documents) : undefined;
      const rebuild = (name: string): Promise<void> => rebuilds.ensure(name);
      const settings: RunnerOptions = { leases, rebuild, ...options };
      return new RunningProjections(projections.map((each) => new ProjectionRunner(each, events, documents, settings)));
    };
    return {
      module: ProjectingModule,
      global: true,
      imports: [OperationsModule.forRoot({ work: true })],
      providers: [
        { provide: RunningProjections, inject: [EVENT_STORE, READ_STORE, Rebuilds], useFactory: runAll },
        ...askedFor(projections),
        {
          provide: ProjectingWork,
          inject: [OperationWorker, Rebuilds, RunningProjections, AsOf, Operations, EVENT_STORE, READ_STORE],
          useFactory: (
            worker: OperationWorker,
            rebuilds: Rebuilds,
            running: RunningProjections,
            asOf: AsOf,
            operations: Operations,
            events: EventStore,
            documents: ReadStore,
          ) => {
            const build = { leases: documents.shared ? new Leases(documents) : undefined };
            return new ProjectingWork(
              worker,
              new RebuildWork(rebuilds, running, events, documents, build),
              new AsOfWork(asOf, operations, events, documents, systemClock, build),
            );
          },
        },
        { provide: ProjectionStatuses, useExisting: RunningProjections },
        {
          provide: OperatorOrders,
          inject: [RunningProjections, EVENT_STORE, READ_STORE],
          useFactory: (running: RunningProjections, events: EventStore, { shared }: ReadStore) =>
            new OperatorOrders(running, events, shared),
        },
        {
          provide: ProjectionWaits,
          inject: [RunningProjections, EVENT_STORE, READ_STORE],
          useFactory: ({ watched }: RunningProjections, events: EventStore, documents: ReadStore) =>
            new ProjectionWaits(watched, events, documents),
        },
      ],
      exports: [RunningProjections, ProjectionStatuses, ProjectionWaits, Rebuilds, AsOf, ProjectionOverviews],
    };
  }

  /** For a process that only queries: other processes run the projections. */
  static forProjectionsElsewhere(projections: readonly Projection<object>[]): DynamicModule {
    checkProjections(projections);
    const observeAll = (events: EventStore, documents: ReadStore): ObservedProjections =>
      new ObservedProjections(projections, events, documents);
    return {
      module: ProjectingModule,
      global: true,
      imports: [OperationsModule.forRoot({ work: false })],
      providers: [
        ...askedFor(projections),
        { provide: ProjectionStatuses, inject: [EVENT_STORE, READ_STORE], useFactory: observeAll },
        {
          provide: ProjectionWaits,
          inject: [EVENT_STORE, READ_STORE],
          useFactory: (events: EventStore, documents: ReadStore) =>
            new ProjectionWaits(
              projections.map((projection) => ({ projection })),
              events,
              documents,
            ),
        },
      ],
      exports: [ProjectionStatuses, ProjectionWaits, Rebuilds, AsOf, ProjectionOverviews],
    };
  }
}

/** What operators ask for, whichever process does it. */
function askedFor(projections: readonly Projection<object>[]): Provider[] {
  return [
    { provide: Rebuilds, inject: [Operations], useFactory: (asked: Operations) => new Rebuilds(projections, asked) },
    {
      provide: AsOf,
      inject: [Operations, READ_STORE, EVENT_STORE],
      useFactory: (asked: Operations, documents: ReadStore, events: EventStore) =>
        new AsOf(projections, asked, documents, systemClock, events),
    },
    {
      provide: ProjectionOverviews,
      inject: [Rebuilds, ProjectionStatuses, Operations, EVENT_STORE, READ_STORE],
      useFactory: (
        rebuilds: Rebuilds,
        statuses: ProjectionStatuses,
        asked: Operations,
        events: EventStore,
        documents: ReadStore,
      ) => new ProjectionOverviews(rebuilds, statuses, asked, events, documents, systemClock),
    },
  ];
}
