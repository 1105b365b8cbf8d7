import type { EventOf } from '#kernel/event';
import type { JsonObject } from '#kernel/json';

/** What a member may do, the most first. */
export const ROLES = ['owner', 'admin', 'member', 'viewer'] as const;
export type Role = (typeof ROLES)[number];

/** An amount of a resource that is somebody's from `from` up to, not including, `until`; for good where that is missing. */
export interface Allocation {
  /** Whom or what it is for: a user, a task, a machine. */
  readonly assignee: string;
  readonly amount: number;
  readonly from: string;
  readonly until?: string;
}

interface ProjectFacts {
  created: {
    readonly name: string;
    readonly description?: string;
    readonly tags: readonly string[];
    readonly metadata: JsonObject;
    /** User id of the first owner. */
    readonly owner: string;
  };
  /** Only what changed; `metadata` is a merge patch (RFC 7396), an empty description is none. */
  updated: {
    readonly name?: string;
    readonly description?: string;
    readonly tags?: readonly string[];
    readonly metadata?: JsonObject;
  };
  archived: object;
  restored: object;
  memberAdded: { readonly userId: string; readonly role: Role };
  memberRoleChanged: { readonly userId: string; readonly role: Role };
  memberRemoved: { readonly userId: string };
  /** The capacity counts from the beginning of time, so that past allocations may be recorded later. */
  resourceAdded: {
    readonly resourceId: string;
    readonly name: string;
    readonly unit: string;
    readonly capacity: number;
  };
  resourceRenamed: { readonly resourceId: string; readonly name: string };
  /** From this moment on, whatever was planned for later. */
  capacityChanged: { readonly resourceId: string; readonly capacity: number; readonly from: string };
  resourceRemoved: { readonly resourceId: string };
  resourceAllocated: { readonly resourceId: string; readonly allocationId: string } & Allocation;
  /** It ends at this moment; it never was where that is not after its beginning. */
  resourceDeallocated: { readonly resourceId: string; readonly allocationId: string; readonly at: string };
}

export type ProjectEvent = {
  [Fact in keyof ProjectFacts]: EventOf<`project.${Fact}`, ProjectFacts[Fact]>;
}[keyof ProjectFacts];

/** Each type of event once; one that is missing does not compile. */
const TYPES: Record<ProjectEvent['type'], true> = {
  'project.created': true,
  'project.updated': true,
  'project.archived': true,
  'project.restored': true,
  'project.memberAdded': true,
  'project.memberRoleChanged': true,
  'project.memberRemoved': true,
  'project.resourceAdded': true,
  'project.resourceRenamed': true,
  'project.capacityChanged': true,
  'project.resourceRemoved': true,
  'project.resourceAllocated': true,
  'project.resourceDeallocated': true,
};

export const PROJECT_EVENT_TYPES: readonly string[] = Object.keys(TYPES);
