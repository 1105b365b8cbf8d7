import { Module } from '@nestjs/common';
import { AuditTreeStoreModule } from '../audit-tree.module.js';
import { HeadsResolver } from './heads.resolver.js';

/** The signed heads in GraphQL; loaded when that is first asked for. */
@Module({ imports: [AuditTreeStoreModule], providers: [HeadsResolver] })
export class HeadsGraphqlModule {}
