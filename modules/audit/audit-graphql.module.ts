import { Module } from '@nestjs/common';
import { AuditModule } from './audit.module.js';
import { AuditResolver } from './audit.resolver.js';

/** The audit in GraphQL; loaded when that is first asked for. */
@Module({ imports: [AuditModule], providers: [AuditResolver] })
export class AuditGraphqlModule {}
