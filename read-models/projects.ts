import type { JsonObject } from '#kernel/json';
import type { ReadModel } from '#kernel/projection';
import { type Edges, queryEdges, type Window } from '#platform/read-store/edges';
import type { Filter, Page, ReadStore, Stored } from '#platform/read-store/read-store.port';

/** A project as lists show it. Its id in the collection is its stream. Times are RFC 3339 texts. */
export interface ProjectDocument {
  readonly tenant: string;
  readonly projectId: string;
  readonly status: 'active' | 'archived';
  readonly revision: number;
  readonly name: string;
  readonly description: string | null;
  readonly tags: readonly string[];
  readonly metadata: JsonObject;
  /** User ids. */
  readonly members: readonly string[];
  /** How many. */
  readonly resources: number;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly archivedAt: string | null;
}

export const projects: ReadModel<ProjectDocument> = {
  name: 'projects',
  indexes: [{ fields: ['tenant', 'status'] }, { fields: ['tenant', 'members'] }],
};

export interface ProjectQuery {
  readonly status?: ProjectDocument['status'];
  /** User id of one of the members. */
  readonly member?: string;
  readonly tag?: string;
  /** Part of the name, in any case. */
  readonly name?: string;
}

/** A tenant's projects, by id: those with an id of Perdure's own in the order of their creation. Rejects with InvalidCursor. */
export function listProjects(
  store: ReadStore,
  tenant: string,
  query: ProjectQuery & { readonly limit?: number; readonly cursor?: string },
): Promise<Page<ProjectDocument>> {
  const { limit, cursor } = query;
  return store.query<ProjectDocument>(projects.name, { filter: filterOf(tenant, query), limit, cursor });
}

/** A part of that list, each project with its cursor. Rejects with InvalidCursor, InvalidInput. */
export function projectEdges(
  store: ReadStore,
  tenant: string,
  query: ProjectQuery,
  window: Window,
): Promise<Edges<Stored<ProjectDocument>>> {
  return queryEdges(store, projects.name, { filter: filterOf(tenant, query) }, window);
}

function filterOf(tenant: string, { status, member, tag, name }: ProjectQuery): Filter {
  return {
    tenant,
    ...(status !== undefined && { status }),
    ...(member !== undefined && { members: member }),
    ...(tag !== undefined && { tags: tag }),
    ...(name !== undefined && { name: { $regex: literally(name), $options: 'i' } }),
  };
}

/** A regular expression for this text and nothing else. */
function literally(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
