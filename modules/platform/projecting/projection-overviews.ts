import type { Clock } from '#kernel/clock';
import type { EventStore } from '../event-store/event-store.port.js';
import type { ReadStore } from '../read-store/read-store.port.js';
import type { Operations } from '../operations/operations.js';
import { backlogAfter, type Backlog } from './waiting/backlog.js';
import { pausedProjections } from './paused-projections.js';
import type { ProjectionStatuses } from './projection-status.js';
import { type ProjectionStatus } from './projection-status.js';
import { REBUILD, type RebuildRequest, type Rebuilds } from './building/rebuilds.js';

/** A projection as operators see it. */
export interface ProjectionOverview extends Omit<ProjectionStatus, 'lagSeconds'>, Backlog {
  readonly readModel: string;
  readonly paused: boolean;
  /** The operation that builds its read model anew, where one does. */
  readonly rebuild?: string;
}

/** How the projections are doing, whichever process runs them; and their pauses. */
export class ProjectionOverviews {
  constructor(
    private readonly rebuilds: Rebuilds,
    private readonly statuses: ProjectionStatuses,
    private readonly operations: Operations,
    private readonly events: EventStore,
    private readonly documents: ReadStore,
    private readonly clock: Clock,
  ) {}

  async list(): Promise<ProjectionOverview[]> {
    const [statuses, active] = await Promise.all([this.statuses.statuses(), this.operations.active(REBUILD)]);
    const names = this.rebuilds.projections.map(({ name }) => name);
    const paused = await this.documents.getMany(pausedProjections.name, names);
    return Promise.all(
      this.rebuilds.projections.map(async (projection): Promise<ProjectionOverview> => {
        const { name, readModel } = projection;
        const { lagSeconds: _, ...status } = statuses.find((each) => each.name === name)!;
        const rebuild = active.find(({ request }) => (request as RebuildRequest).projections.includes(name));
        return {
          ...status,
          ...(await backlogAfter(status.position, projection, this.events, this.clock)),
          readModel: readModel.name,
          paused: paused.has(name),
          ...(rebuild && { rebuild: rebuild.id }),
        };
      }),
    );
  }

  /** Rejects with ProjectionNotFound. */
  async get(name: string): Promise<ProjectionOverview> {
    this.rebuilds.projection(name);
    return (await this.list()).find((each) => each.name === name)!;
  }

  /** Durably, over restarts; whoever runs the projection follows in a moment. Rejects with ProjectionNotFound. */
  async pause(name: string, paused: boolean): Promise<void> {
    this.rebuilds.projection(name);
    const document = paused ? { since: this.clock.now().toISOString() } : null;
    await this.documents.write([{ collection: pausedProjections.name, id: name, document }]);
    await this.statuses.look(name);
  }
}
