import type { JsonObject } from '#kernel/json';
import { Id, Integer, JsonRecord, ListOf, OneOf, Optional, Timestamp } from '#platform/commands/fields';
import type { ProjectDocument } from '#read-models/projects';
import { Description, Name, Tags } from './project.commands.js';
import { type Role, ROLES } from './project.events.js';
import type { KnownProject } from './project-state.js';

export const STATUSES = ['active', 'archived'] as const;

/** A project as clients see it. */
export class ProjectView {
  @Id() id: string;
  @OneOf(STATUSES) status: (typeof STATUSES)[number];
  @Integer({ min: 0 }) revision: number;
  @Name() name: string;
  @Optional(Description()) description?: string;
  @Tags() tags: readonly string[];
  @JsonRecord() metadata: JsonObject;

  /** User ids. */
  @ListOf(Id(), { max: 500 }) members: readonly string[];

  /** How many there are. */
  @Integer({ min: 0 }) resources: number;

  @Timestamp() createdAt: string;
  @Timestamp() updatedAt: string;
  @Optional(Timestamp()) archivedAt?: string;
}

export class MemberView {
  @Id() userId: string;
  @OneOf(ROLES) role: Role;
}

export function viewOf(id: string, project: KnownProject, revision: number): ProjectView {
  const { status, name, description, tags, metadata, members, resources, ...times } = project;
  const about = { name, description: description || undefined, tags, metadata };
  const holds = { members: Object.keys(members), resources: Object.keys(resources).length };
  return { id, status, revision, ...about, ...holds, ...times };
}

export function viewOfDocument({ tenant: _tenant, projectId: id, ...document }: ProjectDocument): ProjectView {
  const { description, archivedAt, ...rest } = document;
  return { id, ...rest, description: description ?? undefined, archivedAt: archivedAt ?? undefined };
}
