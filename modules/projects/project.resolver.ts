import { Inject } from '@nestjs/common';
import { Context, Query, Resolver } from '@nestjs/graphql';
import type { Clock } from '#kernel/clock';
import { Id, OneOf, Optional, Text, Timestamp } from '#platform/commands/fields';
import { CLOCK } from '#platform/dispatch/dispatcher';
import {
  type Connection,
  connectionOf,
  pageComplexity,
  sized,
  toConnection,
  WindowArguments,
} from '#platform/graphql/connection';
import { GraphqlContext } from '#platform/graphql/graphql-context';
import { Arguments } from '#platform/graphql/input';
import { objectTypeOf } from '#platform/graphql/types-of-fields';
import type { Edges } from '#platform/read-store/edges';
import { READ_STORE, type ReadStore } from '#platform/read-store/read-store.port';
import { projectEdges } from '#read-models/projects';
import { ProjectNotFound } from './project.errors.js';
import { edgesOfEntries } from './project-entries.js';
import { ProjectParameters, ProjectReader } from './project-reader.js';
import { MemberView, ProjectView, STATUSES, viewOf, viewOfDocument } from './project-views.js';
import {
  allocationView,
  AllocationView,
  resourceView,
  ResourceView,
  utilisationView,
  UtilisationView,
  windowOf,
} from './resource-views.js';

const ProjectType = objectTypeOf(ProjectView, 'Project', 'People and what they share, for a purpose.');
const MemberType = objectTypeOf(MemberView, 'ProjectMember', 'Who works on a project, and as what.');
const ResourceType = objectTypeOf(ResourceView, 'ProjectResource', 'What a project has to give.');
const AllocationType = objectTypeOf(AllocationView, 'ProjectAllocation', 'Who has how much of a resource, and when.');
const UtilisationType = objectTypeOf(
  UtilisationView,
  'ProjectUtilisation',
  'What is allocated of a resource over time.',
);

const ProjectConnection = connectionOf(() => ProjectType, 'Project');
const MemberConnection = connectionOf(() => MemberType, 'ProjectMember');
const ResourceConnection = connectionOf(() => ResourceType, 'ProjectResource');
const AllocationConnection = connectionOf(() => AllocationType, 'ProjectAllocation');
const UtilisationConnection = connectionOf(() => UtilisationType, 'ProjectUtilisation');

class ProjectsArguments extends WindowArguments {
  @Optional(OneOf(STATUSES)) status?: (typeof STATUSES)[number];
  @Optional(Id()) member?: string;
  @Optional(Text({ max: 50 })) tag?: string;
  @Optional(Text({ max: 100 })) name?: string;
}

class ProjectPartArguments extends WindowArguments {
  @Id() projectId: string;
}

class AllocationsArguments extends ProjectPartArguments {
  @Id() resourceId: string;
}

class UtilisationArguments extends ProjectPartArguments {
  @Timestamp() from: string;
  @Timestamp() to: string;
}

/** Projects and what they hold. Only the list of projects follows the commands by moments. */
@Resolver()
export class ProjectResolver {
  constructor(
    private readonly reader: ProjectReader,
    @Inject(READ_STORE) private readonly store: ReadStore,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  @Query(() => ProjectConnection, {
    ...pageComplexity,
    description: 'The projects, by id; `name` is a part of theirs.',
  })
  async projects(
    @Arguments() { status, member, tag, name, ...window }: ProjectsArguments,
    @Context() context: GraphqlContext,
  ): Promise<Connection<ProjectView>> {
    await context.reads('projects');
    const query = { status, member, tag, name };
    const edges = await projectEdges(this.store, context.tenant, query, sized(window));
    return toConnection(edges, ({ document }) => viewOfDocument(document));
  }

  @Query(() => ProjectType, { nullable: true, description: 'A project; null where there is none. Always up to date.' })
  async project(
    @Arguments() { projectId }: ProjectParameters,
    @Context() { tenant }: GraphqlContext,
  ): Promise<ProjectView | null> {
    try {
      const { project, revision } = await this.reader.load(tenant, projectId);
      return viewOf(projectId, project, revision);
    } catch (error) {
      if (error instanceof ProjectNotFound) return null;
      throw error;
    }
  }

  @Query(() => MemberConnection, { ...pageComplexity, description: 'The members of a project, by user id.' })
  async projectMembers(
    @Arguments() { projectId, ...window }: ProjectPartArguments,
    @Context() { tenant }: GraphqlContext,
  ): Promise<Connection<MemberView>> {
    const { members } = (await this.reader.load(tenant, projectId)).project;
    return connection(edgesOfEntries(members, (userId, role) => ({ userId, role }), sized(window)));
  }

  @Query(() => ResourceConnection, { ...pageComplexity, description: 'The resources of a project, by id.' })
  async projectResources(
    @Arguments() { projectId, ...window }: ProjectPartArguments,
    @Context() { tenant }: GraphqlContext,
  ): Promise<Connection<ResourceView>> {
    const { resources } = (await this.reader.load(tenant, projectId)).project;
    const now = this.clock.now();
    return connection(edgesOfEntries(resources, (id, resource) => resourceView(id, resource, now), sized(window)));
  }

  @Query(() => AllocationConnection, { ...pageComplexity, description: 'The allocations of a resource, by id.' })
  async projectAllocations(
    @Arguments() { projectId, resourceId, ...window }: AllocationsArguments,
    @Context() { tenant }: GraphqlContext,
  ): Promise<Connection<AllocationView>> {
    const { allocations } = await this.reader.resource(tenant, { projectId, resourceId });
    return connection(edgesOfEntries(allocations, allocationView, sized(window)));
  }

  @Query(() => UtilisationConnection, {
    ...pageComplexity,
    description: 'What is allocated of the resources of a project from one moment up to, not including, another.',
  })
  async projectUtilisation(
    @Arguments() { projectId, from, to, ...window }: UtilisationArguments,
    @Context() { tenant }: GraphqlContext,
  ): Promise<Connection<UtilisationView>> {
    const span = windowOf({ from, to }, '');
    const { resources } = (await this.reader.load(tenant, projectId)).project;
    return connection(edgesOfEntries(resources, (id, resource) => utilisationView(id, resource, span), sized(window)));
  }
}

function connection<View>(edges: Edges<View>): Connection<View> {
  return toConnection(edges, (view) => view);
}
