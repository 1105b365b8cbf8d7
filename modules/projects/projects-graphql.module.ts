import { Module } from '@nestjs/common';
import { ProjectResolver } from './project.resolver.js';
import { ProjectsModule } from './projects.module.js';

/** Projects in GraphQL; loaded when that is first asked for. */
@Module({ imports: [ProjectsModule], providers: [ProjectResolver] })
export class ProjectsGraphqlModule {}
