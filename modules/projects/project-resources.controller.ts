import { Controller, Delete, Get, Inject, Patch, Put } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import type { Clock } from '#kernel/clock';
import { Id } from '#platform/commands/fields';
import { CLOCK } from '#platform/dispatch/dispatcher';
import type { Answer } from '#platform/dispatch/envelope';
import { Tenant } from '#platform/http/caller';
import { CommandEndpoint, QueryEndpoint } from '#platform/http/endpoint';
import { Command, Parameters } from '#platform/http/input';
import { PageParameters, type PageOf } from '#platform/http/paging';
import { AddResource, ChangeResource, RemoveResource } from './project.commands.js';
import { pageOfEntries } from './project-entries.js';
import { ProjectReader, ResourceParameters } from './project-reader.js';
import { resourceView, ResourceView } from './resource-views.js';

class ResourceListParameters extends PageParameters {
  @Id() projectId: string;
}

const CHANGE_ERRORS = ['project-not-found', 'project-archived', 'project-resource-not-found'];

/** What a project has to give, and how much of it. */
@Controller('api/v1/projects/:projectId/resources')
export class ProjectResourcesController {
  constructor(
    private readonly commands: CommandBus,
    private readonly reader: ProjectReader,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Get()
  @QueryEndpoint({
    summary: 'List the resources of a project, by id',
    paged: true,
    answer: ResourceView,
    errors: ['project-not-found'],
  })
  async list(
    @Parameters() { projectId, ...page }: ResourceListParameters,
    @Tenant() tenant: string,
  ): Promise<PageOf<ResourceView>> {
    const { project } = await this.reader.load(tenant, projectId);
    const now = this.clock.now();
    return pageOfEntries(project.resources, (id, resource) => resourceView(id, resource, now), page);
  }

  @Get(':resourceId')
  @QueryEndpoint({
    summary: 'Get a resource of a project',
    answer: ResourceView,
    errors: ['project-not-found', 'project-resource-not-found'],
  })
  async get(@Parameters() which: ResourceParameters, @Tenant() tenant: string): Promise<ResourceView> {
    return resourceView(which.resourceId, await this.reader.resource(tenant, which), this.clock.now());
  }

  @Put(':resourceId')
  @CommandEndpoint({
    summary: 'Add a resource to a project',
    errors: ['project-not-found', 'project-archived', 'project-resource-exists', 'project-limit-reached'],
  })
  add(@Command() command: AddResource): Promise<Answer> {
    return this.commands.execute(command);
  }

  @Patch(':resourceId')
  @CommandEndpoint({
    summary: 'Rename a resource, or change how much there is of it',
    description: 'A new capacity counts from `from` on, whatever was planned for later. It covers what is allocated.',
    errors: [...CHANGE_ERRORS, 'capacity-below-allocated', 'project-limit-reached'],
  })
  change(@Command() command: ChangeResource): Promise<Answer> {
    return this.commands.execute(command);
  }

  @Delete(':resourceId')
  @CommandEndpoint({
    summary: 'Remove a resource of which nothing is allocated now or later',
    errors: [...CHANGE_ERRORS, 'project-resource-in-use'],
  })
  remove(@Command() command: RemoveResource): Promise<Answer> {
    return this.commands.execute(command);
  }
}
