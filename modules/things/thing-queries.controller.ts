import { Controller, Get } from '@nestjs/common';
import type { JsonObject } from '#kernel/json';
import { Id, Identifier, OneOf, Optional } from '#platform/commands/fields';
import { EventHistory } from '#platform/history/event-history';
import { ObjectNotFound } from '#platform/history/history.errors';
import { HistoryEntry } from '#platform/history/history-entry';
import type { Revised } from '#platform/http/answers';
import { Tenant } from '#platform/http/caller';
import { QueryEndpoint } from '#platform/http/endpoint';
import { Parameters } from '#platform/http/input';
import { PageParameters, type PageOf } from '#platform/http/paging';
import { ThingNotFound } from './thing.errors.js';
import { ThingListParameters } from './thing-parameters.js';
import { thingSchema } from './thing-representation.js';
import { ThingParameters, ThingViews } from './thing-views.js';

class HistoryParameters extends PageParameters {
  @Identifier() noun: string;
  @Id() id: string;

  /** Oldest events first (default), or newest. */
  @Optional(OneOf(['asc', 'desc'])) order?: 'asc' | 'desc';
}

/** What things are and were. */
@Controller('api/v1/things/:noun')
export class ThingQueriesController {
  constructor(
    private readonly views: ThingViews,
    private readonly events: EventHistory,
  ) {}

  @Get()
  @QueryEndpoint({
    summary: 'List things',
    description: 'What was just written follows within moments; `after` waits for it.',
    paged: true,
    answer: thingSchema,
    reads: ['things'],
    errors: ['invalid-where-clause', 'personal-field-sealed', 'invalid-cursor'],
  })
  list(@Parameters() parameters: ThingListParameters, @Tenant() tenant: string): Promise<PageOf<JsonObject>> {
    return this.views.list(tenant, parameters);
  }

  @Get(':id')
  @QueryEndpoint({
    summary: 'Get a thing, as it is or as it was',
    revised: true,
    answer: thingSchema,
    errors: ['thing-not-found', 'revision-not-found'],
  })
  get(@Parameters() parameters: ThingParameters, @Tenant() tenant: string): Promise<Revised> {
    return this.views.get(tenant, parameters);
  }

  @Get(':id/history')
  @QueryEndpoint({
    summary: 'List what happened to a thing: its events, with who, when and why',
    description: 'The history of a deleted thing stays.',
    paged: true,
    answer: HistoryEntry,
    errors: ['thing-not-found', 'invalid-cursor'],
  })
  async history(
    @Parameters() { noun, id, ...query }: HistoryParameters,
    @Tenant() tenant: string,
  ): Promise<PageOf<HistoryEntry>> {
    try {
      return await this.events.page(tenant, { type: noun, id }, query);
    } catch (error) {
      throw error instanceof ObjectNotFound ? new ThingNotFound({ noun, id }) : error;
    }
  }
}
