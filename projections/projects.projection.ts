import type { Recorded } from '#kernel/event';
import { mergePatch } from '#kernel/merge-patch';
import { projection } from '#kernel/projection';
import { PROJECT_EVENT_TYPES, type ProjectEvent } from '#modules/projects/project.events';
import { type ProjectDocument, projects } from '#read-models/projects';

type Created = Extract<ProjectEvent, { type: 'project.created' }>;

export const projectsProjection = projection<ProjectDocument, ProjectEvent>({
  name: projects.name,
  version: 1,
  readModel: projects,
  filter: { types: PROJECT_EVENT_TYPES },
  key: ({ stream, metadata }) => (stream.startsWith(`${metadata.tenant}.project-`) ? stream : null),
  evolve(document, event) {
    if (event.type === 'project.created') return begin(event);
    if (!document) return null;
    const { revision, metadata } = event;
    return { ...changed(document, event), revision, updatedAt: metadata.occurredAt };
  },
});

function begin({ stream, revision, data, metadata }: Recorded<Created>): ProjectDocument {
  const { tenant, occurredAt } = metadata;
  const { owner, description = null, ...about } = data;
  return {
    tenant,
    projectId: stream.slice(stream.indexOf('-') + 1),
    status: 'active',
    revision,
    description,
    ...about,
    members: [owner],
    resources: 0,
    createdAt: occurredAt,
    updatedAt: occurredAt,
    archivedAt: null,
  };
}

function changed(document: ProjectDocument, event: Recorded<ProjectEvent>): ProjectDocument {
  switch (event.type) {
    case 'project.updated': {
      const { metadata = {}, description = document.description, ...about } = event.data;
      const merged = mergePatch(document.metadata, metadata);
      return { ...document, ...about, description: description || null, metadata: merged };
    }
    case 'project.archived':
      return { ...document, status: 'archived', archivedAt: event.metadata.occurredAt };
    case 'project.restored':
      return { ...document, status: 'active', archivedAt: null };
    case 'project.memberAdded':
      return { ...document, members: [...document.members, event.data.userId] };
    case 'project.memberRemoved':
      return { ...document, members: document.members.filter((userId) => userId !== event.data.userId) };
    case 'project.resourceAdded':
      return { ...document, resources: document.resources + 1 };
    case 'project.resourceRemoved':
      return { ...document, resources: document.resources - 1 };
    default:
      return document;
  }
}
