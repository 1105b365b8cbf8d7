import { Module } from '@nestjs/common';
import { EventFeedModule } from '#platform/event-feed/event-feed.module';
import { EventFeedResolver } from '#platform/event-feed/event-feed.resolver';
import { JobsResolver } from '#platform/jobs/jobs.resolver';
import { OperationsResolver } from '#platform/operations/operations.resolver';
import { ParkedEventsResolver } from '#platform/parking/parked-events.resolver';
import { ParkingModule } from '#platform/parking/parking.module';
import { ProjectionsResolver } from '#platform/projecting/projections.resolver';

/** All events, and the work behind them, in GraphQL; loaded when that is first asked for. */
@Module({
  imports: [EventFeedModule, ParkingModule],
  providers: [EventFeedResolver, JobsResolver, OperationsResolver, ParkedEventsResolver, ProjectionsResolver],
})
export class OperatorsGraphqlModule {}
