import { type DynamicModule, Module } from '@nestjs/common';
import { RefusalsModule } from '#modules/audit/refusals.module';
import { project } from '#modules/projects/project';
import { schedule } from '#modules/schedules/schedule';
import { noun } from '#modules/things/noun';
import { thing } from '#modules/things/thing';
import type { Config } from '#platform/config/config';
import { keyOptionsOf } from '#platform/config/deployment';
import { projection } from '#platform/parking/projection';
import { PlatformModule } from '#platform/platform.module';
import { upcasters } from '../../migrations/events/upcasters.js';
import { WorkModule } from './work.module.js';

/** The work behind the API in a process of its own: no endpoint but those that tell how it is doing. */
@Module({})
export class WorkerModule {
  static with(config: Config): DynamicModule {
    return {
      module: WorkerModule,
      imports: [
        PlatformModule.forRoot({ stores: config, dispatch: config, keys: keyOptionsOf(config), upcasters }),
        // What jobs ask for is decided here, as in the API.
        PlatformModule.forObjects([noun, thing, project, projection, schedule]),
        RefusalsModule,
        WorkModule.here(config),
      ],
    };
  }
}
