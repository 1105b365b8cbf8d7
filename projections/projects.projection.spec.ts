import { describe, expect, it } from '@jest/globals';
import { projected } from '#kernel/projection-specification';
import { projectsProjection } from './projects.projection.js';

const stream = 'main.project-a-1';
const at = (second: number) => ({ stream, metadata: { occurredAt: `2026-01-01T00:00:0${second}.000Z` } });
const about = { name: 'Engine', tags: ['maths'], metadata: { year: 1843, sum: 1 } };
const created = { type: 'project.created', data: { ...about, owner: 'ada' }, ...at(0) } as const;
const archived = { type: 'project.archived', data: {}, ...at(1) } as const;

describe('the projects read model', () => {
  const documents = projected(projectsProjection);

  it('shows a project as it began', () => {
    expect(documents(created)[stream]).toEqual({
      ...{ tenant: 'main', projectId: 'a-1', status: 'active', revision: 0, ...about, description: null },
      ...{ members: ['ada'], resources: 0, archivedAt: null },
      ...{ createdAt: '2026-01-01T00:00:00.000Z', updatedAt: '2026-01-01T00:00:00.000Z' },
    });
  });
  it('follows updates', () => {
    const updated = (data: object) => ({ type: 'project.updated', data, ...at(2) }) as const;
    expect(documents(created, updated({ description: 'brass', metadata: { sum: null } }))[stream]).toMatchObject({
      ...{ name: 'Engine', description: 'brass', metadata: { year: 1843 }, revision: 1 },
      updatedAt: '2026-01-01T00:00:02.000Z',
    });
    const emptied = documents(created, updated({ description: 'brass' }), updated({ name: 'B', description: '' }));
    expect(emptied[stream]).toMatchObject({ name: 'B', description: null });
  });
  it('follows its members and counts its resources', () => {
    const resource = { resourceId: 'r', name: 'Desks', unit: 'desks', capacity: 1 };
    const history = [
      { type: 'project.memberAdded', data: { userId: 'charles', role: 'owner' }, ...at(1) },
      { type: 'project.memberRoleChanged', data: { userId: 'charles', role: 'admin' }, ...at(1) },
      { type: 'project.memberRemoved', data: { userId: 'ada' }, ...at(1) },
      { type: 'project.resourceAdded', data: resource, ...at(1) },
    ] as const;
    expect(documents(created, ...history)[stream]).toMatchObject({ members: ['charles'], resources: 1, revision: 4 });
    const removed = { type: 'project.resourceRemoved', data: { resourceId: 'r' }, ...at(2) } as const;
    expect(documents(created, ...history, removed)[stream]).toMatchObject({ resources: 0, revision: 5 });
  });
  it('says when it was archived, until it is restored', () => {
    const restored = { type: 'project.restored', data: {}, ...at(2) } as const;
    const when = '2026-01-01T00:00:01.000Z';
    expect(documents(created, archived)[stream]).toMatchObject({ status: 'archived', archivedAt: when });
    expect(documents(created, archived, restored)[stream]).toMatchObject({ status: 'active', archivedAt: null });
  });
  it('leaves the events of things of that name aside', () => {
    expect(documents({ ...created, stream: 'main.Project-a-1' })).toEqual({});
  });
});
