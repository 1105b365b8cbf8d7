import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';
import { ProjectionStatuses, type ProjectionStatus } from './projection-status.js';
import type { WatchedProjection } from './waiting/watched-projection.js';
import type { ProjectionRunner } from './projection-runner.js';

/** The process's projections, running as long as the application does. */
export class RunningProjections
  extends ProjectionStatuses
  implements OnApplicationBootstrap, BeforeApplicationShutdown
{
  constructor(private readonly runners: readonly ProjectionRunner[]) {
    super();
  }

  statuses(): Promise<readonly ProjectionStatus[]> {
    return Promise.all(this.runners.map((runner) => runner.status()));
  }

  /** The projections as those see them who wait for one. */
  get watched(): readonly WatchedProjection[] {
    return this.runners;
  }

  /** The runner of this projection; undefined where there is none of this name. */
  runner(projection: string): ProjectionRunner | undefined {
    return this.runners.find((runner) => runner.projection.name === projection);
  }

  override async look(projection: string): Promise<void> {
    await this.runner(projection)?.look();
  }

  async onApplicationBootstrap(): Promise<void> {
    await Promise.all(this.runners.map((runner) => runner.start()));
  }

  /** Before the stores close, which they do in `onApplicationShutdown`. */
  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all(this.runners.map((runner) => runner.stop()));
  }
}
