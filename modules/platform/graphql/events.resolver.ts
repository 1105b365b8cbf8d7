import { Context, Resolver, Subscription } from '@nestjs/graphql';
import type { Recorded } from '#kernel/event';
import { Identifier, ListOf, Optional, Text } from '#platform/commands/fields';
import { Unsealing } from '#platform/erasure/unsealing';
import { entryOf } from '#platform/history/history-entry';
import { EventFeeds } from './event-feeds.js';
import { GraphqlContext } from './graphql-context.js';
import { Arguments } from './input.js';
import { RecordedEvent, shownEntry } from './recorded-event.js';

class EventsArguments {
  /** Such as main.Customer-ada. */
  @Optional(Text({ max: 500 })) stream?: string;

  /** Events of all things of a kind. */
  @Optional(Identifier()) noun?: string;
  @Optional(ListOf(Text({ max: 250 }), { min: 1, max: 100 })) types?: string[];
  @Optional(Text({ max: 255 })) correlationId?: string;

  /** Events after this position; 0 for all of them; default: those from now on. */
  @Optional(Text({ pattern: /^(0|[1-9]\d{0,19})$/ })) after?: string;
}

const MEANINGS = {
  stream: 'Such as main.Customer-ada.',
  noun: 'Events of all things of a kind.',
  types: 'Events of any of these types.',
  after: 'Events after this position, "0" for all; default: those from now on.',
};

/** Events as they happen. */
@Resolver()
export class EventsResolver {
  constructor(
    private readonly feeds: EventFeeds,
    private readonly unsealing: Unsealing,
  ) {}

  @Subscription(() => RecordedEvent, {
    description:
      'Events that fit all that is given, after the position `after` ("0": from the first one; default: from now on), through what is stored to what comes: each once, in order. After a break subscribe again from the last position.',
    resolve(this: EventsResolver, event: Recorded, _: unknown, { tenant }: GraphqlContext) {
      return this.shown(event, tenant);
    },
  })
  events(@Arguments(MEANINGS) query: EventsArguments, @Context() context: GraphqlContext) {
    return this.feeds.open(context.tenant, query);
  }

  private async shown(event: Recorded, tenant: string): Promise<RecordedEvent> {
    return shownEntry(await this.unsealing.answer(tenant, entryOf(event)), event.stream);
  }
}
