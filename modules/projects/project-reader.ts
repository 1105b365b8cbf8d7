import { Injectable } from '@nestjs/common';
import { Id } from '#platform/commands/fields';
import { Objects } from '#platform/dispatch/objects';
import { ProjectNotFound, ResourceNotFound } from './project.errors.js';
import { entryOf, type KnownProject, type Project, type Resource } from './project-state.js';

/** Which project a query is about. */
export class ProjectParameters {
  @Id() projectId: string;
}

/** Which resource of which project. */
export class ResourceParameters {
  @Id() projectId: string;
  @Id() resourceId: string;
}

/** Reads one project with everything that was answered so far: never behind, unlike lists. */
@Injectable()
export class ProjectReader {
  constructor(private readonly objects: Objects) {}

  /** Rejects with ProjectNotFound. */
  async load(tenant: string, projectId: string): Promise<{ project: KnownProject; revision: number }> {
    const { state, revision } = await this.objects.load(tenant, { type: 'project', id: projectId });
    const project = state as Project;
    if (project.status === 'absent') throw new ProjectNotFound(projectId);
    return { project, revision };
  }

  /** Rejects with ProjectNotFound, ResourceNotFound. */
  async resource(tenant: string, { projectId, resourceId }: ResourceParameters): Promise<Resource> {
    const { project } = await this.load(tenant, projectId);
    const resource = entryOf(project.resources, resourceId);
    if (!resource) throw new ResourceNotFound(projectId, resourceId);
    return resource;
  }
}
