import { Injectable } from '@nestjs/common';
import type { ObjectRef } from '#kernel/object-type';
import { streamName } from '#platform/event-store/stream-name';
import { EventHistory, type HistoryQuery } from '#platform/history/event-history';
import { type Connection, connectionOf } from './connection.js';
import { RecordedEvent, shownEntry } from './recorded-event.js';

export const EventConnection = connectionOf(() => RecordedEvent, 'Event');

export type StreamWindow = Omit<HistoryQuery, 'limit' | 'cursor'> & { readonly first: number; readonly after?: string };

/** Events of one object, page by page, as its history has them. */
@Injectable()
export class StreamPages {
  constructor(private readonly history: EventHistory) {}

  /** Rejects with ObjectNotFound, InvalidCursor. */
  async page(
    tenant: string,
    ref: ObjectRef,
    { first, after, ...query }: StreamWindow,
  ): Promise<Connection<RecordedEvent>> {
    const { items, next } = await this.history.page(tenant, ref, { ...query, limit: first, cursor: after });
    const stream = streamName(tenant, ref);
    // An upcaster can make several events of one, all at its revision: the cursor counts them.
    let passed = 0;
    const edges = items.map((entry, index) => {
      passed = items[index - 1]?.revision === entry.revision ? passed + 1 : 1;
      return { cursor: `${entry.revision}.${passed}`, node: shownEntry(entry, stream) };
    });
    const pageInfo = {
      hasNextPage: next !== undefined,
      hasPreviousPage: after !== undefined,
      startCursor: edges[0]?.cursor,
      // Behind what was looked at, also where the last events of it did not fit.
      endCursor: next ?? edges.at(-1)?.cursor,
    };
    return { edges, pageInfo };
  }
}
