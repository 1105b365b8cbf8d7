import { Controller, Delete, Get, Put } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { Id, Timestamp } from '#platform/commands/fields';
import type { Answer } from '#platform/dispatch/envelope';
import { Tenant } from '#platform/http/caller';
import { CommandEndpoint, QueryEndpoint } from '#platform/http/endpoint';
import { Command, Parameters } from '#platform/http/input';
import { PageParameters, type PageOf } from '#platform/http/paging';
import { AllocateResource, DeallocateResource } from './project.commands.js';
import { pageOfEntries } from './project-entries.js';
import { ProjectReader } from './project-reader.js';
import { AllocationView, allocationView, utilisationView, UtilisationView, windowOf } from './resource-views.js';

class AllocationListParameters extends PageParameters {
  @Id() projectId: string;
  @Id() resourceId: string;
}

class ProjectUtilisationParameters extends PageParameters {
  @Id() projectId: string;
  @Timestamp() from: string;

  /** The first moment that does not count any more. */
  @Timestamp() to: string;
}

class UtilisationParameters {
  @Id() projectId: string;
  @Id() resourceId: string;
  @Timestamp() from: string;

  /** The first moment that does not count any more. */
  @Timestamp() to: string;
}

const ALLOCATIONS = 'resources/:resourceId/allocations';
const NOT_FOUND = ['project-not-found', 'project-resource-not-found'];

/** Who has how much of a project's resources, and when. */
@Controller('api/v1/projects/:projectId')
export class ProjectAllocationsController {
  constructor(
    private readonly commands: CommandBus,
    private readonly reader: ProjectReader,
  ) {}

  @Get(ALLOCATIONS)
  @QueryEndpoint({
    summary: 'List the allocations of a resource, by id',
    description: 'With those that have ended.',
    paged: true,
    answer: AllocationView,
    errors: NOT_FOUND,
  })
  async list(
    @Parameters() { limit, cursor, ...which }: AllocationListParameters,
    @Tenant() tenant: string,
  ): Promise<PageOf<AllocationView>> {
    const { allocations } = await this.reader.resource(tenant, which);
    return pageOfEntries(allocations, allocationView, { limit, cursor });
  }

  @Put(`${ALLOCATIONS}/:allocationId`)
  @CommandEndpoint({
    summary: 'Allocate an amount of a resource for a time',
    description:
      'From `from` up to, not including, `until`. What is more than is free at any moment of that time is refused with the amount that is free, and when.',
    errors: [...NOT_FOUND, 'project-archived', 'over-allocated', 'project-allocation-exists', 'project-limit-reached'],
  })
  allocate(@Command() command: AllocateResource): Promise<Answer> {
    return this.commands.execute(command);
  }

  @Delete(`${ALLOCATIONS}/:allocationId`)
  @CommandEndpoint({
    summary: 'End an allocation',
    description: 'Now, or at `Perdure-Occurred-At`. One that has not begun by then never was.',
    errors: [...NOT_FOUND, 'project-archived', 'project-allocation-not-found'],
  })
  deallocate(@Command() command: DeallocateResource): Promise<Answer> {
    return this.commands.execute(command);
  }

  @Get('resources/:resourceId/utilisation')
  @QueryEndpoint({ summary: 'What is allocated of a resource over time', answer: UtilisationView, errors: NOT_FOUND })
  async utilisation(@Parameters() query: UtilisationParameters, @Tenant() tenant: string): Promise<UtilisationView> {
    const window = windowOf(query);
    return utilisationView(query.resourceId, await this.reader.resource(tenant, query), window);
  }

  @Get('utilisation')
  @QueryEndpoint({
    summary: 'What is allocated of all resources of a project over time, by resource',
    paged: true,
    answer: UtilisationView,
    errors: ['project-not-found'],
  })
  async utilisations(
    @Parameters() query: ProjectUtilisationParameters,
    @Tenant() tenant: string,
  ): Promise<PageOf<UtilisationView>> {
    const window = windowOf(query);
    const { project } = await this.reader.load(tenant, query.projectId);
    return pageOfEntries(project.resources, (id, resource) => utilisationView(id, resource, window), query);
  }
}
