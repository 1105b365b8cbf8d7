import { type DynamicModule, Module } from '@nestjs/common';
import { WorkModule } from '#apps/worker/work.module';
import { AuditModule } from '#modules/audit/audit.module';
import { AuditTreeModule } from '#modules/audit/audit-tree.module';
import { HEADS_STREAM } from '#modules/audit/heads/signed-heads';
import { ProjectsModule } from '#modules/projects/projects.module';
import { SchedulesModule } from '#modules/schedules/schedules.module';
import { SubjectsModule } from '#modules/subjects/subjects.module';
import { ThingsModule } from '#modules/things/things.module';
import { BatchesController } from '#platform/batches/batches.controller';
import type { Config } from '#platform/config/config';
import { keyOptionsOf } from '#platform/config/deployment';
import { EventFeedModule } from '#platform/event-feed/event-feed.module';
import { FrontModule } from '#platform/eventstoredb-front/front.module';
import { BackupController } from '#platform/copying/backup.controller';
import { GraphqlModule } from '#platform/graphql/graphql.module';
import { JobsController } from '#platform/jobs/jobs.controller';
import { OperationsController } from '#platform/operations/operations.controller';
import { ParkingModule } from '#platform/parking/parking.module';
import { HistoryModule } from '#platform/history/history.module';
import { PlatformModule } from '#platform/platform.module';
import { ReadModelsController } from '#platform/projecting/building/as-of.controller';
import { ProjectionsController } from '#platform/projecting/projections.controller';
import { findCorrelated } from '#read-models/traces';
import { upcasters } from '../../migrations/events/upcasters.js';

/** Loaded when GraphQL is first asked for: it takes as long as the rest of the program. */
const RESOLVERS = [
  async () => (await import('#platform/history/history-graphql.module')).HistoryGraphqlModule,
  async () => (await import('#platform/graphql/operators-graphql.module')).OperatorsGraphqlModule,
  async () => (await import('#modules/things/things-graphql.module')).ThingsGraphqlModule,
  async () => (await import('#modules/audit/audit-graphql.module')).AuditGraphqlModule,
  async () => (await import('#modules/audit/heads/heads-graphql.module')).HeadsGraphqlModule,
  async () => (await import('#modules/schedules/schedules-graphql.module')).SchedulesGraphqlModule,
  async () => (await import('#modules/projects/projects-graphql.module')).ProjectsGraphqlModule,
  async () => (await import('#modules/subjects/subjects-graphql.module')).SubjectsGraphqlModule,
];

/** The API, and in the same process the work behind it, unless workers of their own do that. */
@Module({})
export class AppModule {
  static with(config: Config): DynamicModule {
    const othersAppend = config.eventStoreDbPort > 0;
    return {
      module: AppModule,
      imports: [
        PlatformModule.forRoot({
          stores: config,
          dispatch: { ...config, othersAppend },
          keys: keyOptionsOf(config),
          upcasters,
        }),
        config.worker === 'here' ? WorkModule.here(config) : WorkModule.elsewhere(config),
        EventFeedModule,
        FrontModule.guarding([HEADS_STREAM]),
        GraphqlModule.with(RESOLVERS),
        ParkingModule,
        HistoryModule.with(findCorrelated),
        ThingsModule,
        SchedulesModule,
        SubjectsModule,
        ProjectsModule,
        AuditModule,
        AuditTreeModule,
      ],
      controllers: [
        BackupController,
        BatchesController,
        JobsController,
        OperationsController,
        ProjectionsController,
        ReadModelsController,
      ],
    };
  }
}
