import { InvalidInput } from '#kernel/errors';
import type { Context } from '#kernel/object-type';
import type {
  AddResource,
  AllocateResource,
  ChangeResource,
  DeallocateResource,
  RemoveResource,
} from './project.commands.js';
import {
  AllocationExists,
  AllocationNotFound,
  CapacityBelowAllocated,
  OverAllocated,
  ProjectLimitReached,
  ResourceExists,
  ResourceInUse,
  ResourceNotFound,
} from './project.errors.js';
import type { Allocation, ProjectEvent } from './project.events.js';
import { changeable, entryOf, type KnownProject, type Project, type Resource } from './project-state.js';
import { changedFrom, type Occupancy, spanOf, stepsOf, tightest } from './utilisation.js';

export const MAX_RESOURCES = 100;
/** Of all resources of a project together. Those that have ended count: they are what its utilisation was. */
export const MAX_ALLOCATIONS = 1_000;
/** Changes of one resource's capacity. */
export const MAX_CAPACITIES = 200;

export function add(project: Project, { projectId, resourceId, name, unit, capacity }: AddResource): ProjectEvent[] {
  const { resources } = changeable(project, projectId);
  const has = entryOf(resources, resourceId);
  if (has) {
    const same = has.name === name && has.unit === unit && has.capacities.at(-1)!.amount === capacity;
    if (same) return [];
    throw new ResourceExists(resourceId);
  }
  if (Object.keys(resources).length >= MAX_RESOURCES) {
    throw new ProjectLimitReached('resources', MAX_RESOURCES, 'Remove one first, or begin another project.');
  }
  return [{ type: 'project.resourceAdded', data: { resourceId, name, unit, capacity } }];
}

export function change(project: Project, command: ChangeResource, { occurredAt }: Context): ProjectEvent[] {
  const { projectId, resourceId, name, capacity } = command;
  const resource = resourceOf(changeable(project, projectId), projectId, resourceId);
  if (command.from !== undefined && capacity === undefined) {
    throw new InvalidInput([{ pointer: '/from', detail: 'Belongs to capacity. Leave it out.' }]);
  }
  const events: ProjectEvent[] = [];
  if (name !== undefined && name !== resource.name) {
    events.push({ type: 'project.resourceRenamed', data: { resourceId, name } });
  }
  if (capacity !== undefined) {
    const from = command.from === undefined ? occurredAt.toISOString() : inUtc(command.from);
    const capacities = changedFrom(resource.capacities, from, capacity);
    checkCapacity(resource, { capacities, allocations: Object.values(resource.allocations) }, from);
    if (JSON.stringify(capacities) !== JSON.stringify(resource.capacities)) {
      events.push({ type: 'project.capacityChanged', data: { resourceId, capacity, from } });
    }
  }
  return events;
}

export function remove(project: Project, { projectId, resourceId }: RemoveResource, { now }: Context): ProjectEvent[] {
  const { allocations } = resourceOf(changeable(project, projectId), projectId, resourceId);
  const open = Object.keys(allocations).filter((id) => spanOf(allocations[id]!).until > now.getTime());
  if (open.length > 0) throw new ResourceInUse(resourceId, open);
  return [{ type: 'project.resourceRemoved', data: { resourceId } }];
}

export function allocate(project: Project, command: AllocateResource, { occurredAt }: Context): ProjectEvent[] {
  const { projectId, resourceId, allocationId } = command;
  const known = changeable(project, projectId);
  const resource = resourceOf(known, projectId, resourceId);
  const allocation = allocationOf(command, occurredAt);
  const has = entryOf(resource.allocations, allocationId);
  if (has) {
    if (isSame(has, command.from === undefined ? { ...allocation, from: has.from } : allocation)) return [];
    throw new AllocationExists(allocationId);
  }
  if (countOf(known) >= MAX_ALLOCATIONS) {
    throw new ProjectLimitReached(
      'allocations',
      MAX_ALLOCATIONS,
      'Remove a resource that is over, or begin another project.',
    );
  }
  const { capacities, allocations } = resource;
  const least = tightest(stepsOf({ capacities, allocations: Object.values(allocations) }, spanOf(allocation)));
  if (least.capacity - least.allocated < command.amount) {
    throw new OverAllocated(command.amount, resource.unit, least);
  }
  return [{ type: 'project.resourceAllocated', data: { resourceId, allocationId, ...allocation } }];
}

export function deallocate(project: Project, command: DeallocateResource, { occurredAt }: Context): ProjectEvent[] {
  const { projectId, resourceId, allocationId } = command;
  const { allocations } = resourceOf(changeable(project, projectId), projectId, resourceId);
  const allocation = entryOf(allocations, allocationId);
  if (!allocation) throw new AllocationNotFound(resourceId, allocationId);
  if (spanOf(allocation).until <= occurredAt.getTime()) return []; // it is over already
  return [{ type: 'project.resourceDeallocated', data: { resourceId, allocationId, at: occurredAt.toISOString() } }];
}

function resourceOf({ resources }: KnownProject, projectId: string, resourceId: string): Resource {
  const resource = entryOf(resources, resourceId);
  if (!resource) throw new ResourceNotFound(projectId, resourceId);
  return resource;
}

/** What is asked for, whenever it is read. Throws InvalidInput. */
function allocationOf({ assignee, amount, from, until }: AllocateResource, occurredAt: Date): Allocation {
  const begin = from === undefined ? occurredAt.toISOString() : inUtc(from);
  const allocation = { assignee, amount, from: begin, ...(until !== undefined && { until: inUtc(until) }) };
  const span = spanOf(allocation);
  if (span.from < span.until) return allocation;
  throw new InvalidInput([{ pointer: '/until', detail: `Must be later than ${begin}, when it begins.` }]);
}

function isSame(a: Allocation, b: Allocation): boolean {
  return a.assignee === b.assignee && a.amount === b.amount && a.from === b.from && a.until === b.until;
}

function countOf({ resources }: KnownProject): number {
  return Object.values(resources).reduce((sum, { allocations }) => sum + Object.keys(allocations).length, 0);
}

/** Throws CapacityBelowAllocated, ProjectLimitReached. */
function checkCapacity({ unit }: Resource, occupancy: Occupancy, from: string): void {
  if (occupancy.capacities.length > MAX_CAPACITIES) {
    const cure = 'Add another resource, or change the capacity from an earlier moment on.';
    throw new ProjectLimitReached('changes of the capacity', MAX_CAPACITIES, cure);
  }
  const least = tightest(stepsOf(occupancy, { from: Date.parse(from), until: Infinity }));
  if (least.capacity < least.allocated) throw new CapacityBelowAllocated(unit, least);
}

function inUtc(moment: string): string {
  return new Date(moment).toISOString();
}
