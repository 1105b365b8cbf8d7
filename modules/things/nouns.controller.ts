import { Controller, Delete, Get, Inject, Put } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import type { JsonObject } from '#kernel/json';
import { Identifier, Integer } from '#platform/commands/fields';
import type { Answer } from '#platform/dispatch/envelope';
import { Tenant } from '#platform/http/caller';
import { CommandEndpoint, QueryEndpoint } from '#platform/http/endpoint';
import { Command, Parameters } from '#platform/http/input';
import { PageParameters, type PageOf } from '#platform/http/paging';
import { READ_STORE, type ReadStore } from '#platform/read-store/read-store.port';
import { findNoun, listNouns } from '#read-models/nouns';
import { DefineNoun, UndefineNoun } from './noun.commands.js';
import { NounView, viewOf } from './noun-view.js';
import { NounNotFound } from './thing.errors.js';
import { FirstThingParameters, ThingFilterParameters } from './thing-parameters.js';
import { thingSchema } from './thing-representation.js';
import { ThingViews } from './thing-views.js';

class NounParameters {
  @Identifier() noun: string;
}

class ThingCount {
  @Integer({ min: 0 }) count: number;
}

/** Kinds of things, and questions to all things of a kind. */
@Controller('api/v1/nouns')
export class NounsController {
  constructor(
    private readonly commands: CommandBus,
    @Inject(READ_STORE) private readonly store: ReadStore,
    private readonly views: ThingViews,
  ) {}

  @Get()
  @QueryEndpoint({
    summary: 'List the nouns',
    paged: true,
    answer: NounView,
    reads: ['nouns'],
    errors: ['invalid-cursor'],
  })
  async list(@Parameters() page: PageParameters, @Tenant() tenant: string): Promise<PageOf<NounView>> {
    const { items, next } = await listNouns(this.store, tenant, page);
    return { items: items.map(({ document }) => viewOf(document)), next };
  }

  @Get(':noun')
  @QueryEndpoint({ summary: 'Get a noun', answer: NounView, reads: ['nouns'], errors: ['noun-not-found'] })
  async get(@Parameters() { noun }: NounParameters, @Tenant() tenant: string): Promise<NounView> {
    const document = await findNoun(this.store, tenant, noun);
    if (!document) throw new NounNotFound(noun);
    return viewOf(document);
  }

  @Put(':noun')
  @CommandEndpoint({
    summary: 'Define a noun: agree on what its things look like',
    description: 'Nouns need no definition. Things that exist already are checked at their next change.',
    creates: '/api/v1/nouns/:id',
    errors: ['invalid-schema', 'reserved-noun'],
  })
  define(@Command() command: DefineNoun): Promise<Answer> {
    return this.commands.execute(command);
  }

  @Delete(':noun')
  @CommandEndpoint({
    summary: 'End the definition of a noun',
    description: 'Its things stay.',
    errors: ['noun-not-found'],
  })
  undefine(@Command() command: UndefineNoun): Promise<Answer> {
    return this.commands.execute(command);
  }

  @Get(':noun/count')
  @QueryEndpoint({
    summary: 'Count things',
    answer: ThingCount,
    reads: ['things'],
    errors: ['invalid-where-clause', 'personal-field-sealed'],
  })
  async count(@Parameters() parameters: ThingFilterParameters, @Tenant() tenant: string): Promise<ThingCount> {
    return { count: await this.views.count(tenant, parameters) };
  }

  @Get(':noun/first')
  @QueryEndpoint({
    summary: 'Find the first thing that matches',
    answer: thingSchema,
    reads: ['things'],
    errors: ['invalid-where-clause', 'personal-field-sealed', 'thing-not-found'],
  })
  first(@Parameters() parameters: FirstThingParameters, @Tenant() tenant: string): Promise<JsonObject> {
    return this.views.first(tenant, parameters);
  }
}
