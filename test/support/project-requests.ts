import type { Response } from 'supertest';
import type { PerdureServer } from './perdure-server.js';

export const PROJECTS = '/api/v1/projects';

export interface Listed {
  readonly items: Record<string, unknown>[];
  readonly next?: string;
}

/** What tests of projects ask over HTTP again and again. */
export class ProjectRequests {
  constructor(private readonly perdure: PerdureServer) {}

  /** Creates a project of Ada's and returns its path. */
  async create(projectId: string, more: object = {}): Promise<string> {
    const project = { projectId, name: projectId, owner: 'ada', ...more };
    await this.perdure.api.post(PROJECTS).send(project).expect(201);
    return `${PROJECTS}/${encodeURIComponent(projectId)}`;
  }

  async get(path: string): Promise<Listed> {
    return (await this.perdure.api.get(path).expect(200)).body as Listed;
  }

  /** All pages of a list, by their links. */
  async pages(first: string): Promise<Listed['items'][]> {
    const found: Listed['items'][] = [];
    for (let path: string | undefined = first; path;) {
      const answer: Response = await this.perdure.api.get(path).expect(200);
      found.push((answer.body as Listed).items);
      path = /<(.+)>; rel="next"/.exec(answer.get('link') ?? '')?.[1];
    }
    return found;
  }
}

/** The statuses of answers that came in any order. */
export function statuses(answers: readonly Response[]): number[] {
  return answers.map(({ status }) => status).sort();
}
