import type { Readable } from 'node:stream';
import { Controller, Get, Headers, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { DomainError, InvalidInput } from '#kernel/errors';
import { Id, Identifier, ListOf, OneOf, Optional, Text } from '#platform/commands/fields';
import { Tenant } from '../http/caller.js';
import { QueryEndpoint } from '../http/endpoint.js';
import { EventStreams, type StreamMessage } from '../http/event-streams.js';
import { Parameters } from '../http/input.js';
import { PageParameters, type PageOf } from '../http/paging.js';
import { defineProblems } from '../http/problem-catalogue.js';
import { EventFeed, FeedEntry, type FeedFilter, type FeedMessage } from './event-feed.js';

defineProblems({
  'event-not-found': {
    kind: 'not-found',
    title: 'There is no such event',
    cure: 'List events with GET /api/v1/events.',
  },
});

class EventNotFound extends DomainError {
  constructor(id: string) {
    super('not-found', 'event-not-found', `There is no event '${id}'. List events with GET /api/v1/events.`);
  }
}

const Types = () => ListOf(Text({ max: 300 }), { min: 1, max: 100 });

export class FeedPageParameters extends PageParameters {
  /** Only events of objects of this type, such as Order. */
  @Optional(Identifier()) objectType?: string;
  /** Only events of this object; goes with `objectType`. */
  @Optional(Id()) objectId?: string;
  /** Only events of these types: repeat it for several. */
  @Optional(Types()) types?: string[];
  /** Oldest events first (default), or newest. */
  @Optional(OneOf(['asc', 'desc'], 'Order')) order?: 'asc' | 'desc';
}

class LiveParameters {
  @Optional(Identifier()) objectType?: string;
  @Optional(Id()) objectId?: string;
  @Optional(Types()) types?: string[];
  /** Events after this position, as with the list; default: those that come from now on. */
  @Optional(Text({ max: 100 })) cursor?: string;
}

export class EventParameters {
  @Id() id: string;
}

/** All events, in the order in which they were stored. */
@Controller('api/v1/events')
export class EventFeedController {
  constructor(
    private readonly feed: EventFeed,
    private readonly streams: EventStreams,
  ) {}

  @Get()
  @QueryEndpoint({
    summary: 'List all events in the order in which they were stored',
    description: 'A cursor is a position: with the `Perdure-Position` of a command, what came after it.',
    paged: true,
    answer: FeedEntry,
    errors: ['invalid-cursor'],
  })
  list(@Parameters() parameters: FeedPageParameters, @Tenant() tenant: string): Promise<PageOf<FeedEntry>> {
    return this.feed.page(tenant, filterOf(parameters), parameters);
  }

  @Get('live')
  @QueryEndpoint({
    summary: 'Follow events as they are stored (server-sent events)',
    description:
      'Each message has the position as its id: a client that comes back with `Last-Event-ID` misses nothing.',
    answer: { type: 'string' },
    produces: 'text/event-stream',
    errors: ['invalid-cursor'],
  })
  async live(
    @Parameters() parameters: LiveParameters,
    @Tenant() tenant: string,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Readable> {
    const from = lastEventId ?? parameters.cursor ?? (await this.feed.head());
    const filter = filterOf(parameters);
    await this.feed.page(tenant, filter, { cursor: from, limit: 1 }); // a position of another form is told before the answer begins
    return this.streams.answer(reply, (signal) => messagesOf(this.feed.live(tenant, filter, from, signal)));
  }

  @Get(':id')
  @QueryEndpoint({ summary: 'Get an event by its id', answer: FeedEntry, errors: ['event-not-found'] })
  async get(@Parameters() { id }: EventParameters, @Tenant() tenant: string): Promise<FeedEntry> {
    const entry = await this.feed.find(tenant, id);
    if (!entry) throw new EventNotFound(id);
    return entry;
  }
}

async function* messagesOf(feed: AsyncIterable<FeedMessage>): AsyncGenerator<StreamMessage> {
  for await (const message of feed) {
    yield 'entry' in message
      ? { event: 'event', id: message.entry.position, data: message.entry }
      : { event: 'position', id: message.position, data: { position: message.position } };
  }
}

/** Throws InvalidInput, with a pointer below this one. */
export function filterOf({ objectType, objectId, types }: FeedFilter, pointer = '/query'): FeedFilter {
  if (objectId !== undefined && objectType === undefined) {
    throw new InvalidInput([{ pointer: `${pointer}/objectType`, detail: 'Say of which type the object is.' }]);
  }
  return { objectType, objectId, types };
}
