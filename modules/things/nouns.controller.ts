import { Controller, Delete, Get, Inject, Put } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import type { JsonObject } from '#kernel/json';
import { Identifier, Integer, JsonRecord, Optional, Text } from '#platform/commands/fields';
import type { Answer } from '#platform/dispatch/envelope';
import { Tenant } from '#platform/http/caller';
import { CommandEndpoint, QueryEndpoint } from '#platform/http/endpoint';
import { Command, Parameters } from '#platform/http/input';
import { PageParameters, type PageOf } from '#platform/http/paging';
import { READ_STORE, type ReadStore } from '#platform/read-store/read-store.port';
import { findNoun, listNouns, type NounDocument } from '#read-models/nouns';
import { countThings, listThings } from '#read-models/things';
import { DefineNoun, UndefineNoun } from './noun.commands.js';
import { NothingMatches, NounNotFound } from './thing.errors.js';
import { categoryOf, FirstThingParameters, ThingFilterParameters, toQuery } from './thing-parameters.js';
import { representDocument, thingSchema } from './thing-representation.js';

class NounParameters {
  @Identifier() noun: string;
}

class NounView {
  @Identifier() noun: string;
  @Integer() since: number;
  @Optional(Text()) description?: string;
  @Optional(JsonRecord()) schema?: JsonObject;
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
  ) {}

  @Get()
  @QueryEndpoint({ summary: 'List the nouns', paged: true, answer: NounView, errors: ['invalid-cursor'] })
  async list(@Parameters() page: PageParameters, @Tenant() tenant: string): Promise<PageOf<NounView>> {
    const { items, next } = await listNouns(this.store, tenant, page);
    return { items: items.map(({ document }) => viewOf(document)), next };
  }

  @Get(':noun')
  @QueryEndpoint({ summary: 'Get a noun', answer: NounView, errors: ['noun-not-found'] })
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
  @QueryEndpoint({ summary: 'Count things', answer: ThingCount, errors: ['invalid-where-clause'] })
  async count(@Parameters() parameters: ThingFilterParameters, @Tenant() tenant: string): Promise<ThingCount> {
    return { count: await countThings(this.store, categoryOf(tenant, parameters), parameters) };
  }

  @Get(':noun/first')
  @QueryEndpoint({
    summary: 'Find the first thing that matches',
    answer: thingSchema,
    errors: ['invalid-where-clause', 'thing-not-found'],
  })
  async first(@Parameters() parameters: FirstThingParameters, @Tenant() tenant: string): Promise<JsonObject> {
    const { items } = await listThings(
      this.store,
      categoryOf(tenant, parameters),
      toQuery({ ...parameters, limit: 1 }),
    );
    const [first] = items;
    if (!first) throw new NothingMatches(parameters.noun);
    return representDocument(first.document);
  }
}

function viewOf({ noun, since, description, schema }: NounDocument): NounView {
  return { noun, since, description: description ?? undefined, schema: schema ?? undefined };
}
