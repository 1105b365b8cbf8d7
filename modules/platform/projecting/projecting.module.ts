import { Module, type DynamicModule } from '@nestjs/common';
import type { Projection } from '#kernel/projection';
import { EVENT_STORE, type EventStore } from '../event-store/event-store.port.js';
import { READ_STORE, type ReadStore } from '../read-store/read-store.port.js';
import { checkProjections } from './check-projections.js';
import { ProjectionRunner, type RunnerOptions } from './projection-runner.js';
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
  /** Throws UnusableProjections where one of them is incomplete or two are in each other's way. */
  static forProjections(projections: readonly Projection<object>[], options: RunnerOptions = {}): DynamicModule {
    checkProjections(projections);
    const runAll = (events: EventStore, documents: ReadStore): RunningProjections =>
      new RunningProjections(projections.map((each) => new ProjectionRunner(each, events, documents, options)));
    return {
      module: ProjectingModule,
      providers: [
        { provide: RunningProjections, inject: [EVENT_STORE, READ_STORE], useFactory: runAll },
        { provide: ProjectionStatuses, useExisting: RunningProjections },
      ],
      exports: [RunningProjections, ProjectionStatuses],
    };
  }
}
