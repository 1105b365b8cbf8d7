import { Mutation, Query, Resolver } from '@nestjs/graphql';
import { Arguments } from '#platform/graphql/input';
import { listComplexity } from '#platform/graphql/page';
import { objectTypeOf } from '#platform/graphql/types-of-fields';
import { type OperationDetails, represent } from '../operations/operations.controller.js';
import { OperationType } from '../operations/operations.resolver.js';
import { ProjectionOverviews, type ProjectionOverview } from './projection-overviews.js';
import { ProjectionDetails, ProjectionParameters, RebuildOfSeveral } from './projections.controller.js';
import { ProjectionNotFound } from './building/rebuild.errors.js';
import { Rebuilds } from './building/rebuilds.js';

const ProjectionType = objectTypeOf(ProjectionDetails, 'Projection', 'A projection, and how far it is.', {
  state:
    'elsewhere: another process runs it, or none does. rebuilding: it answers as it was until the new read model is built.',
  paused: "Stopped by an operator's wish.",
  position: 'All events up to here are in the read model.',
  lagEvents: 'Events that are not in it yet; 10000 stands for as many or more.',
  lagSeconds: 'Age of the oldest of them.',
  parkedEver: 'Keys that were parked since this process started.',
  rebuild: 'Id of the operation that builds its read model anew.',
});

/** Projections that a program has, about. */
const MANY = 20;

/** What operators see of the projections, and do about them. */
@Resolver()
export class ProjectionsResolver {
  constructor(
    private readonly overviews: ProjectionOverviews,
    private readonly rebuilds: Rebuilds,
  ) {}

  @Query(() => [ProjectionType], { ...listComplexity(MANY), description: 'The projections, and how far they are.' })
  projections(): Promise<ProjectionOverview[]> {
    return this.overviews.list();
  }

  @Query(() => ProjectionType, { nullable: true, description: 'A projection; null where there is none of this name.' })
  async projection(@Arguments() { name }: ProjectionParameters): Promise<ProjectionOverview | null> {
    try {
      return await this.overviews.get(name);
    } catch (error) {
      if (error instanceof ProjectionNotFound) return null;
      throw error;
    }
  }

  @Mutation(() => OperationType, {
    description:
      'Builds read models anew, in one pass over the events, beside the live ones, which go on answering until the new ones take their place. It goes on after the answer.',
  })
  async rebuildProjections(@Arguments() { projections }: RebuildOfSeveral): Promise<OperationDetails> {
    return represent(await this.rebuilds.request(projections));
  }

  @Mutation(() => ProjectionType, { description: 'Stops a projection until it is resumed, over restarts too.' })
  async pauseProjection(@Arguments() { name }: ProjectionParameters): Promise<ProjectionOverview> {
    await this.overviews.pause(name, true);
    return this.overviews.get(name);
  }

  @Mutation(() => ProjectionType, { description: 'Lets a paused projection go on where it was.' })
  async resumeProjection(@Arguments() { name }: ProjectionParameters): Promise<ProjectionOverview> {
    await this.overviews.pause(name, false);
    return this.overviews.get(name);
  }
}
