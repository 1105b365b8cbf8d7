import { Module, type DynamicModule } from '@nestjs/common';
import type { Projection } from '#kernel/projection';
import { EVENT_STORE, type EventStore } from '../event-store/event-store.port.js';
import { READ_STORE, type ReadStore } from '../read-store/read-store.port.js';
import { checkProjections } from './check-projections.js';
import { Leases } from './leases.js';
import { ObservedProjections } from './observed-projections.js';
import { ProjectionRunner, type RunnerOptions } from './projection-runner.js';
import { OperatorOrders } from './operator-orders.js';
import { ProjectionWaits } from './projection-waits.js';
import { ProjectionStatuses } from './projection-status.js';
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
    const runAll = (events: EventStore, documents: ReadStore): RunningProjections => {
      const leases = documents.shared ? new Leases(documents) : undefined;
      const runners = projections.map((each) => new ProjectionRunner(each, events, documents, { leases, ...options }));
      return new RunningProjections(runners);
    };
    return {
      module: ProjectingModule,
      providers: [
        { provide: RunningProjections, inject: [EVENT_STORE, READ_STORE], useFactory: runAll },
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
      exports: [RunningProjections, ProjectionStatuses, ProjectionWaits],
    };
  }

  /** For a process that only queries: other processes run the projections. */
  static forProjectionsElsewhere(projections: readonly Projection<object>[]): DynamicModule {
    checkProjections(projections);
    const observeAll = (events: EventStore, documents: ReadStore): ObservedProjections =>
      new ObservedProjections(projections, events, documents);
    return {
      module: ProjectingModule,
      providers: [
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
      exports: [ProjectionStatuses, ProjectionWaits],
    };
  }
}
