import { Module } from '@nestjs/common';
import { SubjectsModule } from './subjects.module.js';
import { SubjectsResolver } from './subjects.resolver.js';

/** Subjects in GraphQL; loaded when that is first asked for. */
@Module({ imports: [SubjectsModule], providers: [SubjectsResolver] })
export class SubjectsGraphqlModule {}
