import type { Attributed } from '#kernel/event';
import type { JsonObject } from '#kernel/json';
import { mergePatch } from '#kernel/merge-patch';
import { ProjectArchived, ProjectNotFound } from './project.errors.js';
import type { Allocation, ProjectEvent, Role } from './project.events.js';
import { type Capacity, changedFrom } from './utilisation.js';

/** What can be allocated. Its unit stays as it is. */
export interface Resource {
  readonly name: string;
  readonly unit: string;
  readonly capacities: readonly Capacity[];
  readonly allocations: Readonly<Record<string, Allocation>>;
}

export interface KnownProject {
  readonly status: 'active' | 'archived';
  readonly name: string;
  readonly description?: string;
  readonly tags: readonly string[];
  readonly metadata: JsonObject;
  /** Roles by user id. */
  readonly members: Readonly<Record<string, Role>>;
  readonly resources: Readonly<Record<string, Resource>>;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly archivedAt?: string;
}

/** One stream: what must hold across members and resources is decided on one state. */
export type Project = { readonly status: 'absent' } | KnownProject;

export function evolve(project: Project, event: Attributed<ProjectEvent>): Project {
  const at = event.metadata.occurredAt;
  if (event.type === 'project.created') {
    const { owner, ...about } = event.data;
    const times = { createdAt: at, updatedAt: at };
    return { status: 'active', ...about, members: { [owner]: 'owner' }, resources: {}, ...times };
  }
  return project.status === 'absent' ? project : { ...changed(project, event), updatedAt: at };
}

type Change = Exclude<Attributed<ProjectEvent>, { type: 'project.created' }>;

function changed(project: KnownProject, event: Change): KnownProject {
  switch (event.type) {
    case 'project.updated': {
      const { metadata = {}, ...about } = event.data;
      return { ...project, ...about, metadata: mergePatch(project.metadata, metadata) };
    }
    case 'project.archived':
      return { ...project, status: 'archived', archivedAt: event.metadata.occurredAt };
    case 'project.restored':
      return { ...without(project, 'archivedAt'), status: 'active' };
    case 'project.memberAdded':
    case 'project.memberRoleChanged':
      return { ...project, members: { ...project.members, [event.data.userId]: event.data.role } };
    case 'project.memberRemoved':
      return { ...project, members: without(project.members, event.data.userId) };
    case 'project.resourceAdded': {
      const { resourceId, name, unit, capacity } = event.data;
      return withResource(project, resourceId, { name, unit, capacities: [{ amount: capacity }], allocations: {} });
    }
    case 'project.resourceRemoved':
      return { ...project, resources: without(project.resources, event.data.resourceId) };
    default: {
      const resource = entryOf(project.resources, event.data.resourceId);
      return resource ? withResource(project, event.data.resourceId, resourceAfter(resource, event)) : project;
    }
  }
}

type ResourceChange = Extract<
  Change,
  { type: `project.${'resourceRenamed' | 'capacityChanged' | 'resourceAllocated' | 'resourceDeallocated'}` }
>;

function resourceAfter(resource: Resource, { type, data }: ResourceChange): Resource {
  switch (type) {
    case 'project.resourceRenamed':
      return { ...resource, name: data.name };
    case 'project.capacityChanged':
      return { ...resource, capacities: changedFrom(resource.capacities, data.from, data.capacity) };
    case 'project.resourceAllocated': {
      const { resourceId: _resourceId, allocationId, ...allocation } = data;
      return { ...resource, allocations: { ...resource.allocations, [allocationId]: allocation } };
    }
    case 'project.resourceDeallocated': {
      const { allocationId, at } = data;
      const allocation = entryOf(resource.allocations, allocationId);
      const others = without(resource.allocations, allocationId);
      if (!allocation || Date.parse(at) <= Date.parse(allocation.from)) return { ...resource, allocations: others };
      return { ...resource, allocations: { ...others, [allocationId]: { ...allocation, until: at } } };
    }
  }
}

function withResource(project: KnownProject, resourceId: string, resource: Resource): KnownProject {
  return { ...project, resources: { ...project.resources, [resourceId]: resource } };
}

/** The entry of that id, whatever the id is: `constructor` is one like any other. */
export function entryOf<Entry>(entries: Readonly<Record<string, Entry>>, id: string): Entry | undefined {
  return Object.hasOwn(entries, id) ? entries[id] : undefined;
}

function without<Entries extends object>(entries: Entries, id: string): Entries {
  return Object.fromEntries(Object.entries(entries).filter(([key]) => key !== id)) as Entries;
}

/** The project, if it may be changed. Throws ProjectNotFound, ProjectArchived. */
export function changeable(project: Project, projectId: string): KnownProject {
  if (project.status === 'absent') throw new ProjectNotFound(projectId);
  if (project.status === 'archived') throw new ProjectArchived(projectId);
  return project;
}
