import { Command } from '#kernel/command';
import type { JsonObject } from '#kernel/json';
import { Id, Integer, JsonRecord, ListOf, OneOf, Optional, Text, Timestamp } from '#platform/commands/fields';
import { type Role, ROLES } from './project.events.js';

/** Amounts are whole numbers, so that sums are exact: count in minutes, cents or percent. */
const MAX_AMOUNT = 1_000_000_000;

export const Name = () => Text({ max: 200 });
export const Description = () => Text({ min: 0, max: 10_000 });
export const Tags = () => ListOf(Text({ max: 50 }), { max: 50 });
export const Amount = () => Integer({ min: 1, max: MAX_AMOUNT });
export const Capacity = () => Integer({ min: 0, max: MAX_AMOUNT });

/** Begins a project; without an id it gets a new UUIDv7. */
export class CreateProject extends Command {
  @Optional(Id()) projectId?: string;
  @Name() name: string;
  @Optional(Description()) description?: string;
  @Optional(Tags()) tags?: string[];

  /** What else belongs to it, in a form of your own. */
  @Optional(JsonRecord()) metadata?: JsonObject;

  /** User id of the first owner; default: whoever sends the command. */
  @Optional(Id()) owner?: string;
}

/** What every command to a project has. */
abstract class ProjectTarget extends Command {
  @Id() projectId: string;
}

/** Changes what is given, and leaves the rest. */
export class UpdateProject extends ProjectTarget {
  @Optional(Name()) name?: string;

  /** An empty one is none. */
  @Optional(Description()) description?: string;

  /** All tags there shall be. */
  @Optional(Tags()) tags?: string[];

  /** A merge patch (RFC 7396): null removes a member. */
  @Optional(JsonRecord()) metadata?: JsonObject;
}

/** Makes the project read-only until it is restored. */
export class ArchiveProject extends ProjectTarget {}

export class RestoreProject extends ProjectTarget {}

abstract class MemberTarget extends ProjectTarget {
  @Id() userId: string;
}

export class AddMember extends MemberTarget {
  @OneOf(ROLES) role: Role;
}

export class ChangeMemberRole extends MemberTarget {
  @OneOf(ROLES) role: Role;
}

/** Also how a member leaves. The last owner stays. */
export class RemoveMember extends MemberTarget {}

abstract class ResourceTarget extends ProjectTarget {
  @Id() resourceId: string;
}

/** Adds something that can be allocated, and how much there is of it. */
export class AddResource extends ResourceTarget {
  @Name() name: string;

  /** What is counted, such as minutes, cents or percent. It stays. */
  @Text({ max: 50 }) unit: string;

  /** How much can be allocated at the same time: a whole number of the unit. */
  @Capacity() capacity: number;
}

export class ChangeResource extends ResourceTarget {
  @Optional(Name()) name?: string;
  @Optional(Capacity()) capacity?: number;

  /** From when on there is the new capacity, whatever was planned for later; default: now. */
  @Optional(Timestamp()) from?: string;
}

/** Ends a resource of which nothing is allocated now or later. */
export class RemoveResource extends ResourceTarget {}

abstract class AllocationTarget extends ResourceTarget {
  @Id() allocationId: string;
}

/** Gives somebody an amount of the resource for a time. */
export class AllocateResource extends AllocationTarget {
  /** Whom or what it is for: a user, a task, a machine. */
  @Id() assignee: string;

  /** A whole number of the resource's unit. */
  @Amount() amount: number;

  /** Default: now. It may be past. */
  @Optional(Timestamp()) from?: string;

  /** The first moment at which it is free again; default: for good. */
  @Optional(Timestamp()) until?: string;
}

/** Ends an allocation when this happens; one that has not begun then never was. */
export class DeallocateResource extends AllocationTarget {}
