import type { JsonObject } from '#kernel/json';
import { mergePatch } from '#kernel/merge-patch';
import { type Context, objectType } from '#kernel/object-type';
import { add as addMember, changeRole, remove as removeMember } from './project-members.js';
import {
  add as addResource,
  allocate,
  change as changeResource,
  deallocate,
  remove as removeResource,
} from './project-resources.js';
import { changeable, evolve, type Project } from './project-state.js';
import {
  AddMember,
  AddResource,
  AllocateResource,
  ArchiveProject,
  ChangeMemberRole,
  ChangeResource,
  CreateProject,
  DeallocateResource,
  RemoveMember,
  RemoveResource,
  RestoreProject,
  UpdateProject,
} from './project.commands.js';
import { ProjectExists, ProjectMetadataTooLarge, ProjectNotFound } from './project.errors.js';
import type { ProjectEvent } from './project.events.js';

/** Characters of JSON. */
export const MAX_METADATA = 20_000;

export function create(project: Project, command: CreateProject, { actor, object }: Context): ProjectEvent[] {
  if (project.status !== 'absent') throw new ProjectExists(object.id);
  const { name, description, tags = [], metadata = {}, owner = actor.id } = command;
  checkSize(metadata);
  const about = { name, ...(description && { description }), tags: [...new Set(tags)], metadata };
  return [{ type: 'project.created', data: { ...about, owner } }];
}

export function update(project: Project, command: UpdateProject): ProjectEvent[] {
  const known = changeable(project, command.projectId);
  const { name, description, tags, metadata } = command;
  const asked = { name, description, tags: tags && [...new Set(tags)], metadata };
  const now = { name: known.name, description: known.description ?? '', tags: known.tags, metadata: known.metadata };
  const then = { ...now, ...given(asked), metadata: mergePatch(known.metadata, metadata ?? {}) };
  checkSize(then.metadata);
  const isNew = (field: keyof typeof now) => JSON.stringify(now[field]) !== JSON.stringify(then[field]);
  const data = Object.fromEntries(Object.entries(given(asked)).filter(([field]) => isNew(field as keyof typeof now)));
  return Object.keys(data).length === 0 ? [] : [{ type: 'project.updated', data }];
}

export function archive(project: Project, { projectId }: ArchiveProject): ProjectEvent[] {
  if (project.status === 'archived') return [];
  changeable(project, projectId);
  return [{ type: 'project.archived', data: {} }];
}

export function restore(project: Project, { projectId }: RestoreProject): ProjectEvent[] {
  if (project.status === 'absent') throw new ProjectNotFound(projectId);
  return project.status === 'active' ? [] : [{ type: 'project.restored', data: {} }];
}

function given<Fields extends object>(fields: Fields): Partial<Fields> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<Fields>;
}

function checkSize(metadata: JsonObject): void {
  const size = JSON.stringify(metadata).length;
  if (size > MAX_METADATA) throw new ProjectMetadataTooLarge(size, MAX_METADATA);
}

export const project = objectType<Project, ProjectEvent>('project', { status: 'absent' }, evolve)
  .on(CreateProject, create)
  .on(UpdateProject, update)
  .on(ArchiveProject, archive)
  .on(RestoreProject, restore)
  .on(AddMember, addMember)
  .on(ChangeMemberRole, changeRole)
  .on(RemoveMember, removeMember)
  .on(AddResource, addResource)
  .on(ChangeResource, changeResource)
  .on(RemoveResource, removeResource)
  .on(AllocateResource, allocate)
  .on(DeallocateResource, deallocate);
