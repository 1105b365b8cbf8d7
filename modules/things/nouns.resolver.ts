import { Inject } from '@nestjs/common';
import { Context, Query, Resolver } from '@nestjs/graphql';
import { Identifier } from '#platform/commands/fields';
import {
  type Connection,
  connectionOf,
  pageComplexity,
  sized,
  toConnection,
  WindowArguments,
} from '#platform/graphql/connection';
import { GraphqlContext } from '#platform/graphql/graphql-context';
import { Arguments } from '#platform/graphql/input';
import { objectTypeOf } from '#platform/graphql/types-of-fields';
import { READ_STORE, type ReadStore } from '#platform/read-store/read-store.port';
import { findNoun, nounEdges } from '#read-models/nouns';
import { NounView, viewOf } from './noun-view.js';

const NounType = objectTypeOf(
  NounView,
  'Noun',
  'A kind of things: one that was defined, or that a thing was made of.',
  {
    since: 'When it was first heard of.',
  },
);
const NounConnection = connectionOf(() => NounType, 'Noun');

class NounArguments {
  @Identifier() noun: string;
}

/** Kinds of things. */
@Resolver()
export class NounsResolver {
  constructor(@Inject(READ_STORE) private readonly store: ReadStore) {}

  @Query(() => NounConnection, { ...pageComplexity, description: 'The nouns, by name.' })
  async nouns(@Arguments() window: WindowArguments, @Context() context: GraphqlContext): Promise<Connection<NounView>> {
    await context.reads('nouns');
    const edges = await nounEdges(this.store, context.tenant, sized(window));
    return toConnection(edges, ({ document }) => viewOf(document));
  }

  @Query(() => NounType, { nullable: true, description: 'A noun; null where nobody has heard of it.' })
  async noun(@Arguments() { noun }: NounArguments, @Context() context: GraphqlContext): Promise<NounView | null> {
    await context.reads('nouns');
    const document = await findNoun(this.store, context.tenant, noun);
    return document && viewOf(document);
  }
}
