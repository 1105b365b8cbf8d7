import { Controller, Delete, Get, Patch, Put } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { Id } from '#platform/commands/fields';
import type { Answer } from '#platform/dispatch/envelope';
import { Tenant } from '#platform/http/caller';
import { CommandEndpoint, QueryEndpoint } from '#platform/http/endpoint';
import { Command, Parameters } from '#platform/http/input';
import { PageParameters, type PageOf } from '#platform/http/paging';
import { AddMember, ChangeMemberRole, RemoveMember } from './project.commands.js';
import { pageOfEntries } from './project-entries.js';
import { ProjectReader } from './project-reader.js';
import { MemberView } from './project-views.js';

class MemberListParameters extends PageParameters {
  @Id() projectId: string;
}

const CHANGE_ERRORS = ['project-not-found', 'project-archived', 'project-member-not-found', 'last-owner'];

/** Who works on a project, and as what. */
@Controller('api/v1/projects/:projectId/members')
export class ProjectMembersController {
  constructor(
    private readonly commands: CommandBus,
    private readonly reader: ProjectReader,
  ) {}

  @Get()
  @QueryEndpoint({
    summary: 'List the members of a project, by user id',
    paged: true,
    answer: MemberView,
    errors: ['project-not-found'],
  })
  async list(
    @Parameters() { projectId, ...page }: MemberListParameters,
    @Tenant() tenant: string,
  ): Promise<PageOf<MemberView>> {
    const { project } = await this.reader.load(tenant, projectId);
    return pageOfEntries(project.members, (userId, role) => ({ userId, role }), page);
  }

  @Put(':userId')
  @CommandEndpoint({
    summary: 'Add a member to a project',
    errors: ['project-not-found', 'project-archived', 'project-member-exists', 'project-limit-reached'],
  })
  add(@Command() command: AddMember): Promise<Answer> {
    return this.commands.execute(command);
  }

  @Patch(':userId')
  @CommandEndpoint({ summary: 'Change the role of a member', errors: CHANGE_ERRORS })
  changeRole(@Command() command: ChangeMemberRole): Promise<Answer> {
    return this.commands.execute(command);
  }

  @Delete(':userId')
  @CommandEndpoint({
    summary: 'Remove a member from a project',
    description: 'Also how a member leaves. The last owner stays.',
    errors: CHANGE_ERRORS,
  })
  remove(@Command() command: RemoveMember): Promise<Answer> {
    return this.commands.execute(command);
  }
}
