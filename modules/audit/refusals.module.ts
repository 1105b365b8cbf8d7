import { Global, Module } from '@nestjs/common';
import { RefusalLog } from '#platform/dispatch/refusal-log';
import { PlatformModule } from '#platform/platform.module';
import { auditDay } from './audit-day.js';
import { RecordedRefusals } from './recorded-refusals.js';

/** Wherever commands are decided, those that are refused leave an event. */
@Global()
@Module({
  imports: [PlatformModule.forObjects([auditDay])],
  providers: [{ provide: RefusalLog, useClass: RecordedRefusals }],
  exports: [RefusalLog],
})
export class RefusalsModule {}
