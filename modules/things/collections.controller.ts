import { Controller, Delete, Get, Inject, Post, Put } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import type { JsonObject } from '#kernel/json';
import { Identifier, Integer } from '#platform/commands/fields';
import type { Answer } from '#platform/dispatch/envelope';
import type { Revised } from '#platform/http/answers';
import { Tenant } from '#platform/http/caller';
import { CommandEndpoint, QueryEndpoint } from '#platform/http/endpoint';
import { Command, Parameters } from '#platform/http/input';
import { PageParameters, type PageOf } from '#platform/http/paging';
import { READ_STORE, type ReadStore } from '#platform/read-store/read-store.port';
import { listNouns } from '#read-models/nouns';
import { countThings } from '#read-models/things';
import { asCreated, asReplaced } from './thing-bodies.js';
import { CreateThing, DeleteThing, ReplaceThing } from './thing.commands.js';
import { categoryOf, ThingListParameters } from './thing-parameters.js';
import { thingSchema } from './thing-representation.js';
import { ThingParameters, ThingViews } from './thing-views.js';

class CollectionView {
  @Identifier() name: string;

  /** Items in it that are not soft-deleted. */
  @Integer({ min: 0 }) items: number;
}

/** Things once more, as collections of items: a collection is a noun, an item a thing. */
@Controller('data/collections')
export class CollectionsController {
  constructor(
    private readonly commands: CommandBus,
    private readonly views: ThingViews,
    @Inject(READ_STORE) private readonly store: ReadStore,
  ) {}

  @Get()
  @QueryEndpoint({
    summary: 'List all collections',
    paged: true,
    answer: CollectionView,
    reads: ['nouns', 'things'],
    errors: ['invalid-cursor'],
  })
  async collections(@Parameters() page: PageParameters, @Tenant() tenant: string): Promise<PageOf<CollectionView>> {
    const { items, next } = await listNouns(this.store, tenant, page);
    const counted = items.map(async ({ document: { noun } }) => ({
      name: noun,
      items: await countThings(this.store, categoryOf(tenant, { noun }), {}),
    }));
    return { items: await Promise.all(counted), next };
  }

  @Get(':noun')
  @QueryEndpoint({
    summary: 'Query a collection',
    paged: true,
    answer: thingSchema,
    reads: ['things'],
    errors: ['invalid-where-clause', 'personal-field-sealed', 'invalid-cursor'],
  })
  query(@Parameters() parameters: ThingListParameters, @Tenant() tenant: string): Promise<PageOf<JsonObject>> {
    return this.views.list(tenant, parameters);
  }

  @Post(':noun')
  @CommandEndpoint({
    summary: 'Store data in a collection',
    creates: '/data/collections/:noun/:id',
    errors: ['thing-exists', 'invalid-thing', 'thing-too-large', 'reserved-noun'],
  })
  add(@Command({ body: 'data' }) command: CreateThing): Promise<Answer> {
    return this.commands.execute(asCreated(command));
  }

  @Get(':noun/:id')
  @QueryEndpoint({
    summary: 'Get an item by its id',
    revised: true,
    answer: thingSchema,
    errors: ['thing-not-found', 'revision-not-found'],
  })
  get(@Parameters() parameters: ThingParameters, @Tenant() tenant: string): Promise<Revised> {
    return this.views.get(tenant, parameters);
  }

  @Put(':noun/:id')
  @CommandEndpoint({
    summary: 'Update an item: all of its data',
    errors: ['thing-not-found', 'thing-soft-deleted', 'invalid-thing', 'thing-too-large'],
  })
  update(@Command({ body: 'data' }) command: ReplaceThing): Promise<Answer> {
    return this.commands.execute(asReplaced(command));
  }

  @Delete(':noun/:id')
  @CommandEndpoint({ summary: 'Delete an item', errors: ['thing-not-found'] })
  remove(@Command() command: DeleteThing): Promise<Answer> {
    return this.commands.execute(command);
  }
}
