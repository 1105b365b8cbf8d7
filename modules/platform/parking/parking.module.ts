import { Module } from '@nestjs/common';
import { PlatformModule } from '#platform/platform.module';
import { ParkedEventsController } from './parked-events.controller.js';
import { ParkedWork } from './parked-work.js';
import { projection } from './projection.js';

/** What operators see of parked events, and do about them. The projections themselves may run here or elsewhere. */
@Module({
  imports: [PlatformModule.forObjects([projection])],
  controllers: [ParkedEventsController],
  providers: [ParkedWork],
  exports: [ParkedWork],
})
export class ParkingModule {}
