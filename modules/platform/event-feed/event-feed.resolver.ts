import { Context, Query, Resolver } from '@nestjs/graphql';
import { GraphqlContext } from '#platform/graphql/graphql-context';
import { Arguments } from '#platform/graphql/input';
import { limitComplexity, pageOf } from '#platform/graphql/page';
import { RecordedEvent, shownEntry } from '#platform/graphql/recorded-event';
import type { PageOf } from '#platform/http/paging';
import { EventFeed } from './event-feed.js';
import { EventParameters, FeedPageParameters, filterOf } from './event-feed.controller.js';

const EventPage = pageOf(() => RecordedEvent, 'Event');

const MEANINGS = {
  objectType: 'Only events of objects of this type, such as Order.',
  objectId: 'Only events of this object; goes with objectType.',
  types: 'Only events of these types.',
  order: 'Oldest events first (default), or newest.',
  cursor: 'A position: what came after it. `next` of the page before.',
};

/** All events, in the order in which they were stored. */
@Resolver()
export class EventFeedResolver {
  constructor(private readonly feed: EventFeed) {}

  @Query(() => EventPage, {
    ...limitComplexity,
    description: 'All events, in the order in which they were stored. Always up to date.',
  })
  async events(
    @Arguments(MEANINGS) parameters: FeedPageParameters,
    @Context() { tenant }: GraphqlContext,
  ): Promise<PageOf<RecordedEvent>> {
    const page = await this.feed.page(tenant, filterOf(parameters, ''), parameters);
    return { ...page, items: page.items.map((entry) => shownEntry(entry, entry.stream)) };
  }

  @Query(() => RecordedEvent, { nullable: true, description: 'An event; null where there is none.' })
  async event(
    @Arguments() { id }: EventParameters,
    @Context() { tenant }: GraphqlContext,
  ): Promise<RecordedEvent | null> {
    const entry = await this.feed.find(tenant, id);
    return entry ? shownEntry(entry, entry.stream) : null;
  }
}
