import { Module } from '@nestjs/common';
import { AuditReports } from './audit-report.js';
import { AuditTreeModule } from './audit-tree.module.js';
import { AuditViews } from './audit-views.js';
import { AuditController } from './audit.controller.js';
import { AuditExports } from './export/audit-exports.js';
import { FreshHeads } from './export/fresh-heads.js';
import { RefusalsModule } from './refusals.module.js';

/** Who did what, when and why, over all objects; what was refused; and proof of it. */
@Module({
  imports: [RefusalsModule, AuditTreeModule],
  controllers: [AuditController],
  providers: [AuditViews, AuditReports, AuditExports, FreshHeads],
  exports: [AuditViews, AuditReports],
})
export class AuditModule {}
