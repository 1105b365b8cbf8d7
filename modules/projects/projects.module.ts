import { Module } from '@nestjs/common';
import { PlatformModule } from '#platform/platform.module';
import { project } from './project.js';
import { ProjectController } from './project.controller.js';
import { ProjectAllocationsController } from './project-allocations.controller.js';
import { ProjectMembersController } from './project-members.controller.js';
import { ProjectReader } from './project-reader.js';
import { ProjectResourcesController } from './project-resources.controller.js';

/** Projects, their members, and what they have to give. */
@Module({
  imports: [PlatformModule.forObjects([project])],
  controllers: [ProjectController, ProjectMembersController, ProjectResourcesController, ProjectAllocationsController],
  providers: [ProjectReader],
  exports: [ProjectReader],
})
export class ProjectsModule {}
