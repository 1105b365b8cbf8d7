import { Controller, Get, Post } from '@nestjs/common';
import { Decimal, Flag, Integer, ListOf, OneOf, Optional, Text } from '../commands/fields.js';
import { CommandEndpoint, QueryEndpoint } from '../http/endpoint.js';
import { JsonBody, Parameters } from '../http/input.js';
import type { PageOf } from '../http/paging.js';
import { OPERATION_URL, OperationDetails, represent } from '../operations/operations.controller.js';
import { ProjectionOverviews, type ProjectionOverview } from './projection-overviews.js';
import { PROJECTION_STATES, type ProjectionState } from './projection-status.js';
import { Rebuilds } from './building/rebuilds.js';

export class ProjectionParameters {
  @Text({ max: 100 }) name: string;
}

export class RebuildOfSeveral {
  /** They are built in one pass over the events. */
  @ListOf(Text({ max: 100 }), { min: 1, max: 100 }) projections: string[];
}

export class ProjectionDetails implements ProjectionOverview {
  @Text() name: string;
  @Text() readModel: string;
  @Integer({ min: 1 }) version: number;
  /** `elsewhere`: another process runs it, or none does. `rebuilding`: out of date; it answers as it was until the new one is built. */
  @OneOf(PROJECTION_STATES, 'ProjectionState') state: ProjectionState;
  /** Stopped by an operator's wish. */
  @Flag() paused: boolean;
  /** All events up to here are in the read model. */
  @Text() position: string;
  /** Events that are not in it yet; 10000 stands for as many or more. */
  @Integer({ min: 0 }) lagEvents: number;
  /** Age of the oldest of them. */
  @Decimal({ min: 0 }) lagSeconds: number;
  @Integer({ min: 0 }) parkedKeys: number;
  /** Keys that were parked since this process started. */
  @Optional(Integer({ min: 0 })) parkedEver?: number;
  @Optional(Text({ max: 100_000 })) error?: string;
  /** The operation that builds its read model anew. */
  @Optional(Text()) rebuild?: string;
}

/** What operators see of the projections, and do about them. None of it is an event of an object; it may be asked for twice. */
@Controller('api/v1/projections')
export class ProjectionsController {
  constructor(
    private readonly overviews: ProjectionOverviews,
    private readonly rebuilds: Rebuilds,
  ) {}

  @Get()
  @QueryEndpoint({ summary: 'List the projections, and how far they are', paged: true, answer: ProjectionDetails })
  async list(): Promise<PageOf<ProjectionOverview>> {
    return { items: await this.overviews.list() };
  }

  @Get(':name')
  @QueryEndpoint({
    summary: 'Look how a projection is doing',
    answer: ProjectionDetails,
    errors: ['projection-not-found'],
  })
  get(@Parameters() { name }: ProjectionParameters): Promise<ProjectionOverview> {
    return this.overviews.get(name);
  }

  @Post('rebuilds')
  @CommandEndpoint({
    summary: 'Build several read models anew, in one pass over the events',
    answer: OperationDetails,
    starts: OPERATION_URL,
    errors: ['projection-not-found', 'rebuild-running'],
  })
  async rebuildSeveral(@JsonBody() { projections }: RebuildOfSeveral): Promise<OperationDetails> {
    return represent(await this.rebuilds.request(projections));
  }

  @Post(':name/rebuilds')
  @CommandEndpoint({
    summary: 'Build a read model anew',
    description: 'Beside the live one, which goes on answering until the new one takes its place in one step.',
    answer: OperationDetails,
    starts: OPERATION_URL,
    errors: ['projection-not-found', 'rebuild-running'],
  })
  async rebuild(@Parameters() { name }: ProjectionParameters): Promise<OperationDetails> {
    return represent(await this.rebuilds.request([name]));
  }

  @Post(':name/pause')
  @QueryEndpoint({
    summary: 'Stop a projection until it is resumed, over restarts too',
    answer: ProjectionDetails,
    errors: ['projection-not-found'],
  })
  async pause(@Parameters() { name }: ProjectionParameters): Promise<ProjectionOverview> {
    await this.overviews.pause(name, true);
    return this.overviews.get(name);
  }

  @Post(':name/resume')
  @QueryEndpoint({
    summary: 'Let a paused projection go on where it was',
    answer: ProjectionDetails,
    errors: ['projection-not-found'],
  })
  async resume(@Parameters() { name }: ProjectionParameters): Promise<ProjectionOverview> {
    await this.overviews.pause(name, false);
    return this.overviews.get(name);
  }
}
