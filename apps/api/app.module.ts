import { type DynamicModule, Module } from '@nestjs/common';
import { WorkModule } from '#apps/worker/work.module';
import { SchedulesModule } from '#modules/schedules/schedules.module';
import { ThingsModule } from '#modules/things/things.module';
import { BatchesController } from '#platform/batches/batches.controller';
import type { Config } from '#platform/config/config';
import { FrontModule } from '#platform/eventstoredb-front/front.module';
import { JobsController } from '#platform/jobs/jobs.controller';
import { PlatformModule } from '#platform/platform.module';

/** The API, and in the same process the work behind it, unless workers of their own do that. */
@Module({})
export class AppModule {
  static with(config: Config): DynamicModule {
    const othersAppend = config.eventStoreDbPort > 0;
    return {
      module: AppModule,
      imports: [
        PlatformModule.forRoot({ stores: config, dispatch: { ...config, othersAppend } }),
        config.worker === 'here' ? WorkModule.here(config) : WorkModule.elsewhere(config),
        FrontModule,
        ThingsModule,
        SchedulesModule,
      ],
      controllers: [BatchesController, JobsController],
    };
  }
}
