import type { AddMember, ChangeMemberRole, RemoveMember } from './project.commands.js';
import { LastOwner, MemberExists, MemberNotFound, ProjectLimitReached } from './project.errors.js';
import type { ProjectEvent, Role } from './project.events.js';
import { changeable, entryOf, type KnownProject, type Project } from './project-state.js';

export const MAX_MEMBERS = 500;

export function add(project: Project, { projectId, userId, role }: AddMember): ProjectEvent[] {
  const { members } = changeable(project, projectId);
  const has = entryOf(members, userId);
  if (has === role) return []; // asked twice is done once
  if (has) throw new MemberExists(userId, has);
  if (Object.keys(members).length >= MAX_MEMBERS) {
    throw new ProjectLimitReached('members', MAX_MEMBERS, 'Remove one first, or begin another project.');
  }
  return [{ type: 'project.memberAdded', data: { userId, role } }];
}

export function changeRole(project: Project, { projectId, userId, role }: ChangeMemberRole): ProjectEvent[] {
  const known = changeable(project, projectId);
  const has = roleOf(known, projectId, userId);
  if (has === role) return [];
  if (has === 'owner') assertAnotherOwner(known, userId);
  return [{ type: 'project.memberRoleChanged', data: { userId, role } }];
}

export function remove(project: Project, { projectId, userId }: RemoveMember): ProjectEvent[] {
  const known = changeable(project, projectId);
  if (roleOf(known, projectId, userId) === 'owner') assertAnotherOwner(known, userId);
  return [{ type: 'project.memberRemoved', data: { userId } }];
}

function roleOf({ members }: KnownProject, projectId: string, userId: string): Role {
  const role = entryOf(members, userId);
  if (!role) throw new MemberNotFound(projectId, userId);
  return role;
}

function assertAnotherOwner({ members }: KnownProject, userId: string): void {
  if (Object.values(members).filter((role) => role === 'owner').length < 2) throw new LastOwner(userId);
}
