import { Inject } from '@nestjs/common';
import { Context, Info, Mutation, Query, Resolver } from '@nestjs/graphql';
import type { GraphQLResolveInfo } from 'graphql';
import { Optional, Text } from '#platform/commands/fields';
import { envelopeIn } from '#platform/graphql/command-mutation';
import { GraphqlContext } from '#platform/graphql/graphql-context';
import { Arguments } from '#platform/graphql/input';
import { limitComplexity, listComplexity, pageOf } from '#platform/graphql/page';
import { objectTypeOf } from '#platform/graphql/types-of-fields';
import type { PageOf } from '#platform/http/paging';
import { READ_STORE, type ReadStore } from '#platform/read-store/read-store.port';
import {
  filterOf,
  ParkedGroupParameters,
  ParkedListParameters,
  ParkedParameters,
  ReplayRequest,
} from './parked-events.controller.js';
import { groupParked, type ParkedGroup } from './parked-groups.js';
import { ParkedGroupView, ParkedView, ReplayedView, SkippedView, viewOf } from './parked-views.js';
import { ParkedWork, type Replayed } from './parked-work.js';
import { ParkedEventNotFound } from './parking.errors.js';

const ParkedType = objectTypeOf(
  ParkedView,
  'ParkedEvent',
  'A key that is set aside because an event of it failed, with the events behind it.',
  {
    key: 'Not there where the projection failed to tell it: then this one event is set aside, alone.',
    cause: 'Fingerprint that failures of the same kind share.',
    version: 'Of the code that failed.',
  },
);
const ParkedPage = pageOf(() => ParkedType, 'ParkedEvent');
const GroupType = objectTypeOf(
  ParkedGroupView,
  'ParkedEventGroup',
  'Parked work that failed for the same cause, in the same code.',
  { message: 'Of one of them.', example: 'Id of one of them.', keys: 'Parked keys, and events without a key.' },
);
const ReplayedType = objectTypeOf(ReplayedView, 'ParkedEventReplay', 'What became of parked work.', {
  outcome:
    'replayed, still-failing, not-parked (somebody was faster), or asked: the process that runs the projection has not come to it yet.',
});
const SkippedType = objectTypeOf(SkippedView, 'ParkedEventSkip', 'What became of the key, and where that is recorded.');

const MEANINGS = {
  cause: 'Fingerprint of the failure, as in the groups.',
  version: 'Of the code that failed, such as 3@0.1.0: version 3 of the projection in Perdure 0.1.0.',
  all: 'Everything, where nothing else is said.',
  reason: 'Why. Default: the header Perdure-Reason.',
  cursor: 'next of the page before.',
};

class ReplayArguments extends ParkedParameters {
  @Optional(Text({ max: 1_000 })) reason?: string;
}

class ReplaysArguments extends ReplayRequest {
  @Optional(Text({ max: 1_000 })) reason?: string;
}

class SkipArguments extends ParkedParameters {
  @Text({ max: 1_000 }) reason: string;
}

/** Groups that there are, about, and replays that an answer tells of. */
const MANY = 100;

/** What projections could not take, and what operators do about it. */
@Resolver()
export class ParkedEventsResolver {
  constructor(
    private readonly work: ParkedWork,
    @Inject(READ_STORE) private readonly documents: ReadStore,
  ) {}

  @Query(() => ParkedPage, { ...limitComplexity, description: 'What is parked, by id.' })
  async parkedEvents(
    @Arguments(MEANINGS) { limit, cursor, ...filter }: ParkedListParameters,
  ): Promise<PageOf<ParkedView>> {
    const { items, next } = await this.work.list(filter, { limit, cursor });
    return { items: items.map(({ id, document }) => viewOf(id, document)), next };
  }

  @Query(() => [GroupType], {
    ...listComplexity(MANY),
    description: 'What is parked by projection, cause and version of the code, the largest group first.',
  })
  parkedEventGroups(@Arguments(MEANINGS) filter: ParkedGroupParameters): Promise<ParkedGroup[]> {
    return groupParked(this.documents, filter);
  }

  @Query(() => ParkedType, { nullable: true, description: 'What is parked under an id; null where nothing is.' })
  async parkedEvent(@Arguments() { id }: ParkedParameters): Promise<ParkedView | null> {
    try {
      return viewOf(id, await this.work.get(id));
    } catch (error) {
      if (error instanceof ParkedEventNotFound) return null;
      throw error;
    }
  }

  @Mutation(() => [ReplayedType], {
    ...listComplexity(MANY),
    description:
      'Tries a group of what is parked again, or all. Each goes as far as it can; what still fails stays parked. At most 1000 keys at once: ask again for the rest.',
  })
  replayParkedEvents(
    @Arguments(MEANINGS) { reason, ...request }: ReplaysArguments,
    @Context() { envelope }: GraphqlContext,
    @Info() { path }: GraphQLResolveInfo,
  ): Promise<Replayed[]> {
    return this.work.replayMatching(filterOf(request), envelopeIn(envelope, { reason }, String(path.key)));
  }

  @Mutation(() => ReplayedType, { description: 'Tries what is parked again.' })
  replayParkedEvent(
    @Arguments({ reason: MEANINGS.reason }) { id, reason }: ReplayArguments,
    @Context() { envelope }: GraphqlContext,
    @Info() { path }: GraphQLResolveInfo,
  ): Promise<Replayed> {
    return this.work.replay(id, envelopeIn(envelope, { reason }, String(path.key)));
  }

  @Mutation(() => SkippedType, {
    description:
      'Leaves the event that failed out for good, also of every rebuild. The key goes on with what waits behind it. Who did it, and why, is an event in the stream of the projection.',
  })
  async skipParkedEvent(
    @Arguments({ reason: 'Why the event may be left out.' }) { id, reason }: SkipArguments,
    @Context() context: GraphqlContext,
    @Info() { path }: GraphQLResolveInfo,
  ): Promise<SkippedView> {
    const skipped = await this.work.skip(id, reason, envelopeIn(context.envelope, { reason }, String(path.key)));
    context.position = skipped.position;
    return skipped;
  }
}
