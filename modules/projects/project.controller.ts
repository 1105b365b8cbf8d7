import { Controller, Get, Inject, Patch, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { Id, OneOf, Optional, Text } from '#platform/commands/fields';
import type { Answer } from '#platform/dispatch/envelope';
import { type Revised, revised } from '#platform/http/answers';
import { Tenant } from '#platform/http/caller';
import { CommandEndpoint, QueryEndpoint } from '#platform/http/endpoint';
import { Command, Parameters } from '#platform/http/input';
import { PageParameters, type PageOf } from '#platform/http/paging';
import { READ_STORE, type ReadStore } from '#platform/read-store/read-store.port';
import { listProjects } from '#read-models/projects';
import { ArchiveProject, CreateProject, RestoreProject, UpdateProject } from './project.commands.js';
import { ProjectParameters, ProjectReader } from './project-reader.js';
import { ProjectView, STATUSES, viewOf, viewOfDocument } from './project-views.js';

class ProjectListParameters extends PageParameters {
  @Optional(OneOf(STATUSES)) status?: (typeof STATUSES)[number];

  /** User id of one of the members. */
  @Optional(Id()) member?: string;

  @Optional(Text({ max: 50 })) tag?: string;

  /** Part of the name, in any case. */
  @Optional(Text({ max: 100 })) name?: string;
}

/** Projects, and what happens to them as a whole. */
@Controller('api/v1/projects')
export class ProjectController {
  constructor(
    private readonly commands: CommandBus,
    private readonly reader: ProjectReader,
    @Inject(READ_STORE) private readonly store: ReadStore,
  ) {}

  @Post()
  @CommandEndpoint({
    summary: 'Create a project',
    description: 'Whoever creates it owns it, unless `owner` names somebody else.',
    creates: '/api/v1/projects/:id',
    errors: ['project-exists', 'project-metadata-too-large'],
  })
  create(@Command() command: CreateProject): Promise<Answer> {
    return this.commands.execute(command);
  }

  @Get()
  @QueryEndpoint({
    summary: 'List the projects',
    description: 'What was just written follows within moments; `after` waits for it.',
    paged: true,
    answer: ProjectView,
    reads: ['projects'],
    errors: ['invalid-cursor'],
  })
  async list(@Parameters() query: ProjectListParameters, @Tenant() tenant: string): Promise<PageOf<ProjectView>> {
    const { items, next } = await listProjects(this.store, tenant, query);
    return { items: items.map(({ document }) => viewOfDocument(document)), next };
  }

  @Get(':projectId')
  @QueryEndpoint({ summary: 'Get a project', revised: true, answer: ProjectView, errors: ['project-not-found'] })
  async get(@Parameters() { projectId }: ProjectParameters, @Tenant() tenant: string): Promise<Revised> {
    const { project, revision } = await this.reader.load(tenant, projectId);
    return revised(viewOf(projectId, project, revision), revision);
  }

  @Patch(':projectId')
  @CommandEndpoint({
    summary: 'Update a project',
    description: 'What is left out stays. `metadata` is a merge patch (RFC 7396): null removes a member.',
    errors: ['project-not-found', 'project-archived', 'project-metadata-too-large'],
  })
  update(@Command() command: UpdateProject): Promise<Answer> {
    return this.commands.execute(command);
  }

  @Post(':projectId/archive')
  @CommandEndpoint({
    summary: 'Archive a project: it can only be read until it is restored',
    errors: ['project-not-found'],
  })
  archive(@Command() command: ArchiveProject): Promise<Answer> {
    return this.commands.execute(command);
  }

  @Post(':projectId/restore')
  @CommandEndpoint({ summary: 'Restore an archived project', errors: ['project-not-found'] })
  restore(@Command() command: RestoreProject): Promise<Answer> {
    return this.commands.execute(command);
  }
}
