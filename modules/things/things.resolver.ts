import { Args, Context, ID, Query, Resolver } from '@nestjs/graphql';
import type { JsonObject } from '#kernel/json';
import { Id, Identifier, Integer, Optional } from '#platform/commands/fields';
import { type Connection, pageComplexity, sized, toConnection, WindowArguments } from '#platform/graphql/connection';
import { GraphqlContext } from '#platform/graphql/graphql-context';
import { Arguments } from '#platform/graphql/input';
import { Node, partsOfNodeId } from '#platform/graphql/nodes';
import { SafeInt } from '#platform/graphql/scalars';
import { ThingNotFound } from './thing.errors.js';
import { Deleted, Sorted, ThingFilterParameters, Where } from './thing-parameters.js';
import { shownDocument, shownThing, ThingConnection, ThingType } from './thing-type.js';
import { ThingViews } from './thing-views.js';

class ThingArguments {
  @Identifier() noun: string;
  @Id() id: string;
  @Optional(Integer({ min: 0 })) revision?: number;
}

class ThingsArguments extends WindowArguments {
  @Identifier() noun: string;
  @Where() where?: JsonObject;
  @Deleted() deleted?: 'without' | 'with' | 'only';
  @Sorted() sort?: string;
}

/** What things are and were. */
@Resolver(() => ThingType)
export class ThingsResolver {
  constructor(private readonly views: ThingViews) {}

  @Query(() => ThingType, {
    nullable: true,
    description: 'A thing, as it is or as it was at a revision; null where there is none. Always up to date.',
  })
  async thing(
    @Arguments() { noun, id, revision }: ThingArguments,
    @Context() { tenant }: GraphqlContext,
  ): Promise<ThingType | null> {
    try {
      const found = await this.views.find(tenant, { noun, id, revision });
      return shownThing({ noun, id }, found.thing, found.revision);
    } catch (error) {
      if (error instanceof ThingNotFound) return null;
      throw error;
    }
  }

  @Query(() => ThingConnection, {
    ...pageComplexity,
    description:
      'Things of a noun: `where` is a filter in MongoDB\'s operators, as JSON; `sort` names fields, such as "-$created_at,name". What was just written follows within moments: ask with @after.',
  })
  async things(
    @Arguments() { noun, where, deleted, sort, ...window }: ThingsArguments,
    @Context() context: GraphqlContext,
  ): Promise<Connection<ThingType>> {
    await context.reads('things');
    const edges = await this.views.edges(context.tenant, { noun, where, deleted, sort }, sized(window));
    return toConnection(edges, shownDocument);
  }

  @Query(() => SafeInt, { description: 'How many things of a noun fit the filter.' })
  async thingCount(
    @Arguments() parameters: ThingFilterParameters,
    @Context() context: GraphqlContext,
  ): Promise<number> {
    await context.reads('things');
    return this.views.count(context.tenant, parameters);
  }

  @Query(() => Node, { nullable: true, description: 'What has this nodeId, as it is; null where there is nothing.' })
  async node(
    @Args('nodeId', { type: () => ID }) nodeId: string,
    @Context() context: GraphqlContext,
  ): Promise<Node | null> {
    const [type, noun, id] = partsOfNodeId(nodeId);
    if (type !== 'Thing' || noun === undefined || id === undefined) return null;
    return this.thing({ noun, id }, context);
  }
}
