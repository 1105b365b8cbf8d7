import { Inject } from '@nestjs/common';
import { Context, Parent, ResolveField, Resolver } from '@nestjs/graphql';
import DataLoader from 'dataloader';
import type { JsonObject } from '#kernel/json';
import { Identifier, Integer, OneOf, Optional, Text } from '#platform/commands/fields';
import { Unsealing } from '#platform/erasure/unsealing';
import { streamName } from '#platform/event-store/stream-name';
import { type Connection, pageComplexity, pageSize } from '#platform/graphql/connection';
import { GraphqlContext } from '#platform/graphql/graphql-context';
import { Arguments } from '#platform/graphql/input';
import { RecordedEvent } from '#platform/graphql/recorded-event';
import { EventConnection, StreamPages } from '#platform/graphql/stream-pages';
import { READ_STORE, type ReadStore } from '#platform/read-store/read-store.port';
import {
  type RelationshipList,
  type RelationshipsQuery,
  relationshipsOf,
  thingsNamed,
} from '#read-models/relationships';
import type { ThingDocument } from '#read-models/things';
import { RelationshipConnection, RelationshipType, shownDocument, textOf, ThingType } from './thing-type.js';

const NOTHING: JsonObject = {};

class RelationshipsArguments {
  /** From the thing to others (`out`, default), or from others to it. */
  @Optional(OneOf(['out', 'in'], 'Direction')) direction?: 'out' | 'in';

  /** Only relationships of this name. */
  @Optional(Identifier()) name?: string;
  @Optional(Integer({ min: 1, max: 1_000 })) first?: number;
  @Optional(Text({ max: 8_000 })) after?: string;
}

class HistoryArguments {
  /** Oldest events first (default), or newest. */
  @Optional(OneOf(['asc', 'desc'], 'Order')) order?: 'asc' | 'desc';
  @Optional(Integer({ min: 1, max: 1_000 })) first?: number;
  @Optional(Text({ max: 100 })) after?: string;
}

/** What hangs on a thing. Fields of many things are asked of the store together. */
@Resolver(() => ThingType)
export class ThingFieldsResolver {
  constructor(
    @Inject(READ_STORE) private readonly store: ReadStore,
    private readonly streams: StreamPages,
    private readonly unsealing: Unsealing,
  ) {}

  @ResolveField(() => RelationshipConnection, {
    ...pageComplexity,
    description: 'Its named relations, with the things at the other end; those whose other end is gone are left out.',
  })
  async relationships(
    @Parent() { noun, id }: ThingType,
    @Arguments() { direction = 'out', name, after, ...window }: RelationshipsArguments,
    @Context() context: GraphqlContext,
  ): Promise<Connection<RelationshipType>> {
    await context.reads('relationships', 'things');
    const query: RelationshipsQuery = { direction, name, first: pageSize(window), after: after && idOf(after) };
    const { items, more } = await this.#relations(context, query).load(streamName(context.tenant, { type: noun, id }));
    const far = direction === 'out' ? 'to' : 'from';
    const ends = await this.#things(context).loadMany(items.map(({ document }) => document[far]));
    const data = await this.unsealing.answers(
      context.tenant,
      items.map(({ document }) => document.data ?? NOTHING),
    );
    const edges = items.flatMap(({ id: ownId, document }, index) => {
      const thing = ends[index];
      if (thing instanceof Error) throw thing;
      if (!thing) return [];
      const { relationship, since } = document;
      const own = document.data ? (data[index] as JsonObject) : undefined;
      const node = { relationship, since: textOf(since), data: own, thing: shownDocument(thing) };
      return [{ cursor: cursorOf(ownId), node }];
    });
    // Its end is where the store was read to, also where that relation is left out.
    const last = items.at(-1);
    const pageInfo = {
      hasNextPage: more,
      hasPreviousPage: after !== undefined,
      startCursor: edges[0]?.cursor,
      endCursor: last && cursorOf(last.id),
    };
    return { edges, pageInfo };
  }

  @ResolveField(() => EventConnection, { ...pageComplexity, description: 'Its events. Always up to date.' })
  history(
    @Parent() { noun, id }: ThingType,
    @Arguments() { order, after, ...window }: HistoryArguments,
    @Context() { tenant }: GraphqlContext,
  ): Promise<Connection<RecordedEvent>> {
    return this.streams.page(tenant, { type: noun, id }, { order, after, first: pageSize(window) });
  }

  #relations(context: GraphqlContext, query: RelationshipsQuery): DataLoader<string, RelationshipList> {
    return context.loader(
      `relationships ${JSON.stringify(query)}`,
      () =>
        new DataLoader<string, RelationshipList>(async (streams) => {
          const found = await relationshipsOf(this.store, streams, query);
          return streams.map((stream) => found.get(stream)!);
        }),
    );
  }

  #things(context: GraphqlContext): DataLoader<string, ThingDocument | undefined> {
    return context.loader(
      'things',
      () =>
        new DataLoader<string, ThingDocument | undefined>(async (streams) => {
          const found = [...(await thingsNamed(this.store, streams))];
          const data = await this.unsealing.answers(
            context.tenant,
            found.map(([, thing]) => thing.data),
          );
          const plain = new Map(
            found.map(([stream, thing], index) => [stream, { ...thing, data: data[index] as JsonObject }]),
          );
          return streams.map((stream) => plain.get(stream));
        }),
    );
  }
}

function cursorOf(id: string): string {
  return Buffer.from(id).toString('base64url');
}

function idOf(cursor: string): string {
  return Buffer.from(cursor, 'base64url').toString();
}
