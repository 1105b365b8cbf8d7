import { Module } from '@nestjs/common';
import { SchedulesModule } from './schedules.module.js';
import { SchedulesResolver } from './schedules.resolver.js';

/** Schedules in GraphQL; loaded when that is first asked for. */
@Module({ imports: [SchedulesModule], providers: [SchedulesResolver] })
export class SchedulesGraphqlModule {}
