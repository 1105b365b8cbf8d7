import { describe, expect, it } from '@jest/globals';
import { specification } from '#kernel/specification';
import { MAX_METADATA, project } from './project.js';
import {
  AddMember,
  ArchiveProject,
  ChangeMemberRole,
  CreateProject,
  RemoveMember,
  RestoreProject,
  UpdateProject,
} from './project.commands.js';
import {
  LastOwner,
  MemberExists,
  MemberNotFound,
  ProjectArchived,
  ProjectExists,
  ProjectLimitReached,
  ProjectMetadataTooLarge,
  ProjectNotFound,
} from './project.errors.js';
import type { ProjectEvent, Role } from './project.events.js';
import { MAX_MEMBERS } from './project-members.js';

const given = specification(project, { actor: { type: 'user', id: 'ada' }, object: { type: 'project', id: 'p' } });
const projectId = 'p';

const created: ProjectEvent = {
  type: 'project.created',
  data: { name: 'Engine', tags: ['maths'], metadata: { budget: { year: 1843, sum: 10 } }, owner: 'ada' },
};
const archived: ProjectEvent = { type: 'project.archived', data: {} };
const restored: ProjectEvent = { type: 'project.restored', data: {} };
const added = (userId: string, role: Role): ProjectEvent => ({ type: 'project.memberAdded', data: { userId, role } });
const removed = (userId: string): ProjectEvent => ({ type: 'project.memberRemoved', data: { userId } });
const updated = (data: object): ProjectEvent => ({ type: 'project.updated', data });
const update = (fields: Omit<UpdateProject, 'projectId'>) => UpdateProject.of({ projectId, ...fields });

describe('a project', () => {
  it('is owned by whoever creates it, or by whom they name', () => {
    const about = { name: 'Engine', tags: [], metadata: {} };
    given()
      .when(CreateProject.of({ name: 'Engine' }))
      .then({ ...created, data: { ...about, owner: 'ada' } });
    given()
      .when(CreateProject.of({ name: 'Engine', owner: 'charles', description: '' }))
      .then({ ...created, data: { ...about, owner: 'charles' } });
    given(created)
      .when(CreateProject.of({ projectId, name: 'Other' }))
      .thenFails(ProjectExists);
  });

  it('is updated by what is new', () => {
    given(created)
      .when(update({ name: 'Engine', tags: ['maths'], description: '', metadata: {} }))
      .thenNothing();
    given(created)
      .when(update({ metadata: { budget: { year: 1843 } } }))
      .thenNothing();
    given(created)
      .when(update({ name: 'Difference', tags: ['a', 'a', 'b'], description: 'brass' }))
      .then(updated({ name: 'Difference', tags: ['a', 'b'], description: 'brass' }));
    given(created)
      .when(update({ metadata: { budget: null } }))
      .then(updated({ metadata: { budget: null } }));
    expect(given(created, updated({ metadata: { budget: { sum: null } }, name: 'B' })).state).toMatchObject({
      ...{ name: 'B', tags: ['maths'], metadata: { budget: { year: 1843 } } },
    });
    given()
      .when(update({ name: 'B' }))
      .thenFails(ProjectNotFound);
  });

  it('holds metadata up to a limit, also by many small updates', () => {
    const half = 'x'.repeat(MAX_METADATA / 2);
    given()
      .when(CreateProject.of({ name: 'A', metadata: { a: half, b: half } }))
      .thenFails(ProjectMetadataTooLarge);
    given(created, updated({ metadata: { a: half } }))
      .when(update({ metadata: { b: half } }))
      .thenFails(ProjectMetadataTooLarge);
  });

  it('is archived and restored, each once', () => {
    given(created).when(ArchiveProject.of({ projectId })).then(archived);
    given(created, archived).when(ArchiveProject.of({ projectId })).thenNothing();
    given(created, archived).when(RestoreProject.of({ projectId })).then(restored);
    given(created).when(RestoreProject.of({ projectId })).thenNothing();
    given().when(RestoreProject.of({ projectId })).thenFails(ProjectNotFound);
    given().when(ArchiveProject.of({ projectId })).thenFails(ProjectNotFound);
    expect(given(created, archived, restored).state).toEqual(given(created).state);
  });

  it('does nothing while it is archived', () => {
    for (const type of project.commands) {
      if (type === CreateProject || type === ArchiveProject || type === RestoreProject) continue;
      const command = Object.assign(new type(), { projectId, resourceId: 'r', userId: 'ada', allocationId: 'a' });
      given(created, archived).when(command).thenFails(ProjectArchived);
      given().when(command).thenFails(ProjectNotFound);
    }
  });
});

describe('the members of a project', () => {
  const add = (userId: string, role: Role) => AddMember.of({ projectId, userId, role });
  const change = (userId: string, role: Role) => ChangeMemberRole.of({ projectId, userId, role });
  const remove = (userId: string) => RemoveMember.of({ projectId, userId });

  it('come, change their role and go', () => {
    given(created).when(add('charles', 'viewer')).then(added('charles', 'viewer'));
    given(created, added('charles', 'viewer')).when(add('charles', 'viewer')).thenNothing();
    given(created, added('charles', 'viewer')).when(add('charles', 'admin')).thenFails(MemberExists);
    given(created, added('charles', 'viewer')).when(change('charles', 'viewer')).thenNothing();
    given(created, added('charles', 'viewer'))
      .when(change('charles', 'owner'))
      .then({ type: 'project.memberRoleChanged', data: { userId: 'charles', role: 'owner' } });
    given(created, added('charles', 'viewer')).when(remove('charles')).then(removed('charles'));
    given(created, added('charles', 'viewer'), removed('charles')).when(remove('charles')).thenFails(MemberNotFound);
    given(created).when(change('charles', 'owner')).thenFails(MemberNotFound);
  });

  it('keep at least one owner', () => {
    given(created, added('charles', 'admin')).when(remove('ada')).thenFails(LastOwner);
    given(created, added('charles', 'admin')).when(change('ada', 'member')).thenFails(LastOwner);
    given(created, added('charles', 'owner')).when(remove('ada')).then(removed('ada'));
    given(created, added('charles', 'owner'), removed('ada')).when(remove('charles')).thenFails(LastOwner);
  });

  it.each(['constructor', '__proto__', 'toString', '7'])('may be called %s', (userId) => {
    given(created).when(remove(userId)).thenFails(MemberNotFound);
    given(created).when(add(userId, 'member')).then(added(userId, 'member'));
    given(created, added(userId, 'member')).when(remove(userId)).then(removed(userId));
    given(created, added(userId, 'member'), removed(userId)).when(remove(userId)).thenFails(MemberNotFound);
  });

  it('are limited in number', () => {
    const many = Array.from({ length: MAX_MEMBERS - 1 }, (_, i) => added(`user-${i}`, 'viewer'));
    given(created, ...many)
      .when(add('one-more', 'viewer'))
      .thenFails(ProjectLimitReached);
    given(created, ...many.slice(1))
      .when(add('one-more', 'viewer'))
      .then(added('one-more', 'viewer'));
  });
});
