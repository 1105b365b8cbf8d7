import { Module } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ObjectRegistry } from '#platform/dispatch/object-registry';
import { Objects } from '#platform/dispatch/objects';
import { JobsModule } from '#platform/jobs/jobs.module';
import { JOBS } from '#platform/jobs/jobs.port';
import { PlatformModule } from '#platform/platform.module';
import { CarryingOut } from './carrying-out.js';
import { schedule } from './schedule.js';
import { ScheduleJobs } from './schedule-jobs.js';
import { HANDLER, QUEUE } from './scheduled-job.js';
import { SchedulesController } from './schedules.controller.js';

/** Commands for later: what clients ask for. */
@Module({ imports: [PlatformModule.forObjects([schedule])], controllers: [SchedulesController] })
export class SchedulesModule {}

/** Their work, where jobs are run. */
@Module({
  imports: [
    JobsModule.forHandlers([
      {
        handler: HANDLER,
        queue: QUEUE,
        inject: [CommandBus, ObjectRegistry, Objects, JOBS],
        useFactory: (...needs: ConstructorParameters<typeof CarryingOut>) => {
          const carryingOut = new CarryingOut(...needs);
          return (job) => carryingOut.run(job);
        },
      },
    ]),
  ],
  providers: [ScheduleJobs],
})
export class ScheduleWorkModule {}
