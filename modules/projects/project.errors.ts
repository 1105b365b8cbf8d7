import type { JsonObject } from '#kernel/json';
import { problem } from '#platform/http/problem-catalogue';
import type { Step } from './utilisation.js';

const url = (projectId: string) => `/api/v1/projects/${encodeURIComponent(projectId)}`;

export class ProjectNotFound extends problem('project-not-found', {
  kind: 'not-found',
  title: 'There is no such project',
  cure: 'List the projects with GET /api/v1/projects.',
}) {
  constructor(projectId: string) {
    super(`There is no project '${projectId}'.`);
  }
}

export class ProjectExists extends problem('project-exists', {
  kind: 'conflict',
  title: 'The id belongs to another project',
  cure: 'Change it with PATCH, or choose another id.',
}) {
  constructor(projectId: string) {
    super(`There is a project '${projectId}' already.`);
  }
}

export class ProjectArchived extends problem('project-archived', {
  kind: 'conflict',
  title: 'The project is archived and can only be read',
  cure: 'Restore it first with POST /api/v1/projects/{projectId}/restore.',
}) {
  constructor(projectId: string) {
    const cure = `Restore it first with POST ${url(projectId)}/restore.`;
    super(`Project '${projectId}' is archived and can only be read.`, cure);
  }
}

export class ProjectMetadataTooLarge extends problem('project-metadata-too-large', {
  kind: 'too-large',
  title: 'The metadata of the project is too large',
  cure: 'Keep the rest in things of its own.',
}) {
  constructor(size: number, limit: number) {
    super(`The metadata would have ${size} characters of JSON; the limit is ${limit}.`);
  }
}

/** A project is one object with one stream, so what it holds is limited. */
export class ProjectLimitReached extends problem('project-limit-reached', {
  kind: 'unprocessable',
  title: 'The project holds as much as it can',
  cure: 'Remove what is not needed, or begin another project.',
}) {
  constructor(what: string, limit: number, cure?: string) {
    super(`There are ${limit} ${what} already, which is the limit.`, cure);
  }
}

export class MemberNotFound extends problem('project-member-not-found', {
  kind: 'not-found',
  title: 'The project has no such member',
  cure: 'List its members with GET /api/v1/projects/{projectId}/members.',
}) {
  constructor(projectId: string, userId: string) {
    const cure = `List its members with GET ${url(projectId)}/members.`;
    super(`'${userId}' is no member of project '${projectId}'.`, cure);
  }
}

export class MemberExists extends problem('project-member-exists', {
  kind: 'conflict',
  title: 'The user is a member with another role',
  cure: 'Change the role with PATCH.',
}) {
  constructor(userId: string, role: string) {
    super(`'${userId}' is a member with the role ${role}.`);
  }
}

export class LastOwner extends problem('last-owner', {
  kind: 'conflict',
  title: 'A project keeps at least one owner',
  cure: 'Make another member an owner first.',
}) {
  constructor(userId: string) {
    super(`'${userId}' is the project's last owner and must stay so.`);
  }
}

export class ResourceNotFound extends problem('project-resource-not-found', {
  kind: 'not-found',
  title: 'The project has no such resource',
  cure: 'List what it has with GET /api/v1/projects/{projectId}/resources.',
}) {
  constructor(projectId: string, resourceId: string) {
    const cure = `List what it has with GET ${url(projectId)}/resources.`;
    super(`Project '${projectId}' has no resource '${resourceId}'.`, cure);
  }
}

export class ResourceExists extends problem('project-resource-exists', {
  kind: 'conflict',
  title: 'The id belongs to another resource of the project',
  cure: 'Change it with PATCH, or choose another id.',
}) {
  constructor(resourceId: string) {
    super(`There is a resource '${resourceId}' already.`);
  }
}

export class ResourceInUse extends problem('project-resource-in-use', {
  kind: 'conflict',
  title: 'Some of the resource is allocated',
  cure: 'Deallocate it first.',
}) {
  constructor(resourceId: string, allocationIds: readonly string[]) {
    super(`${allocationIds.length} allocations of '${resourceId}' have not ended, such as '${allocationIds[0]}'.`);
  }
}

export class AllocationNotFound extends problem('project-allocation-not-found', {
  kind: 'not-found',
  title: 'There is no such allocation of the resource',
  cure: 'List them with GET /api/v1/projects/{projectId}/resources/{resourceId}/allocations.',
}) {
  constructor(resourceId: string, allocationId: string) {
    super(`There is no allocation '${allocationId}' of '${resourceId}'.`);
  }
}

export class AllocationExists extends problem('project-allocation-exists', {
  kind: 'conflict',
  title: 'The id belongs to another allocation of the resource',
  cure: 'Choose another id, or deallocate it and allocate anew.',
}) {
  constructor(allocationId: string) {
    super(`There is another allocation '${allocationId}' already.`);
  }
}

const moment = (milliseconds: number) => new Date(milliseconds).toISOString();

/** The time that a step takes, in words. */
function time({ from, until }: Step): string {
  return until === Infinity ? `from ${moment(from)} on` : `from ${moment(from)} until ${moment(until)}`;
}

/** The same for programs. */
function membersOf({ from, until, capacity, allocated }: Step): JsonObject {
  const free = Math.max(0, capacity - allocated);
  return { capacity, allocated, free, from: moment(from), ...(until !== Infinity && { until: moment(until) }) };
}

export class OverAllocated extends problem('over-allocated', {
  kind: 'conflict',
  title: 'There is not so much of the resource at that time',
  cure: 'Ask for less or for another time, or raise the capacity.',
}) {
  constructor(
    amount: number,
    unit: string,
    private readonly tightest: Step,
  ) {
    const { capacity, allocated } = tightest;
    const free = `Of ${capacity} ${unit} only ${capacity - allocated} are free ${time(tightest)}`;
    super(`${free}, which is less than ${amount}.`);
  }

  override get members(): JsonObject {
    return membersOf(this.tightest);
  }
}

export class CapacityBelowAllocated extends problem('capacity-below-allocated', {
  kind: 'conflict',
  title: 'More of the resource is allocated than there would be',
  cure: 'Deallocate some of it first.',
}) {
  constructor(
    unit: string,
    private readonly tightest: Step,
  ) {
    const { capacity, allocated } = tightest;
    super(`${allocated} ${unit} are allocated ${time(tightest)}, more than ${capacity}.`);
  }

  override get members(): JsonObject {
    return membersOf(this.tightest);
  }
}
