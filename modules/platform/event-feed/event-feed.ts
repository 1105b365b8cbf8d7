import { Inject, Injectable } from '@nestjs/common';
import { InvalidInput } from '#kernel/errors';
import type { Position, Recorded } from '#kernel/event';
import type { EventFilter } from '#kernel/projection';
import { Text } from '#platform/commands/fields';
import { Unsealing } from '../erasure/unsealing.js';
import { EVENT_STORE, type EventStore } from '../event-store/event-store.port.js';
import { entryOf, HistoryEntry } from '../history/history-entry.js';
import type { PageOf } from '../http/paging.js';
import { InvalidCursor } from '../read-store/read-store.errors.js';

/** An event among all others: its object, too. */
export class FeedEntry extends HistoryEntry {
  @Text() stream: string;
  @Text() objectType: string;
  @Text() objectId: string;
}

/** Which events: of one type of object, or of one object, or all of the tenant. */
export interface FeedFilter {
  readonly objectType?: string;
  readonly objectId?: string;
  readonly types?: readonly string[];
}

/** A message of the live feed: an event, or how far everything was looked at. */
export type FeedMessage = { readonly entry: FeedEntry } | { readonly position: Position };

/** All events of a tenant in the global order, as they are read today. */
@Injectable()
export class EventFeed {
  constructor(
    @Inject(EVENT_STORE) private readonly events: EventStore,
    private readonly unsealing: Unsealing,
  ) {}

  /** Rejects with InvalidCursor for a position of another form. */
  async page(
    tenant: string,
    filter: FeedFilter,
    { cursor, limit, order }: { cursor?: Position; limit: number; order?: 'asc' | 'desc' },
  ): Promise<PageOf<FeedEntry>> {
    const direction = order === 'desc' ? 'backwards' : 'forwards';
    const options = { position: cursor, limit, direction, filter: filterOf(tenant, filter) } as const;
    const slice = await this.events.readAll(options).catch((error: unknown) => {
      throw error instanceof InvalidInput && cursor !== undefined ? new InvalidCursor() : error;
    });
    const found = slice.events.filter(isOf(filter)).map((event) => feedEntryOf(event));
    const items = await this.unsealing.answers(tenant, found);
    return slice.end ? { items } : { items, next: slice.position };
  }

  head(): Promise<Position> {
    return this.events.head();
  }

  /** Undefined where the tenant has no such event. */
  async find(tenant: string, id: string): Promise<FeedEntry | undefined> {
    const event = await this.events.find(id);
    return event?.stream.startsWith(`${tenant}.`) ? this.unsealing.answer(tenant, feedEntryOf(event)) : undefined;
  }

  /** Everything after the position, then live, until the signal fires. */
  async *live(
    tenant: string,
    filter: FeedFilter,
    position: Position | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<FeedMessage> {
    const matches = isOf(filter);
    for await (const message of this.events.subscribe({ position, filter: filterOf(tenant, filter), signal })) {
      if (message.kind !== 'event') yield { position: message.position };
      else if (matches(message.event)) {
        yield { entry: await this.unsealing.answer(tenant, feedEntryOf(message.event)) };
      }
    }
  }
}

function filterOf(tenant: string, { objectType, objectId = '', types }: FeedFilter): EventFilter {
  const prefix = objectType === undefined ? `${tenant}.` : `${tenant}.${objectType}-${objectId}`;
  return { streamPrefixes: [prefix], types };
}

/** The stream of one object is also the beginning of others' names. */
function isOf({ objectId }: FeedFilter): (event: Recorded) => boolean {
  return ({ stream }) => objectId === undefined || stream.slice(stream.indexOf('-') + 1) === objectId;
}

/** Other programs may write streams whose names are no object's. */
function feedEntryOf(event: Recorded): FeedEntry {
  const { stream } = event;
  const dash = stream.indexOf('-');
  const end = dash < 0 ? stream.length : dash;
  return {
    ...entryOf(event),
    stream,
    objectType: stream.slice(stream.indexOf('.') + 1, end),
    objectId: stream.slice(end + 1),
  };
}
