import { Inject, Injectable } from '@nestjs/common';
import type { Recorded } from '#kernel/event';
import type { ObjectRef } from '#kernel/object-type';
import { type TimeOfEvent, timeOf } from '#platform/dispatch/moment';
import { SLICE } from '#platform/dispatch/stream-events';
import { Unsealing } from '#platform/erasure/unsealing';
import { EVENT_STORE, type EventStore, STORED_EVENTS } from '#platform/event-store/event-store.port';
import { streamName } from '#platform/event-store/stream-name';
import type { PageOf } from '#platform/http/paging';
import { InvalidCursor } from '#platform/read-store/read-store.errors';
import { entryOf, type HistoryEntry, referenceOf } from './history-entry.js';
import { ObjectNotFound } from './history.errors.js';

/** Most events that are looked at for one page: where few match, it is shorter than its limit. */
const MOST_LOOKED_AT = 10_000;

export interface HistoryQuery {
  /** Default 100. */
  readonly limit?: number;
  /** `next` of the page before. */
  readonly cursor?: string;
  /** Oldest events first (default), or newest. */
  readonly order?: 'asc' | 'desc';
  readonly types?: readonly string[];
  /** An actor's id, or `type:id`. */
  readonly actor?: string;
  /** Unix milliseconds; `to` is the first that does not belong to it. */
  readonly from?: number;
  readonly to?: number;
  /** Which time `from` and `to` mean; default `recorded`. */
  readonly clock?: TimeOfEvent;
  /** Events as they were written, not in today's shapes. */
  readonly stored?: boolean;
}

/** What happened to objects, page by page. */
@Injectable()
export class EventHistory {
  constructor(
    @Inject(EVENT_STORE) private readonly events: EventStore,
    @Inject(STORED_EVENTS) private readonly storedEvents: EventStore,
    private readonly unsealing: Unsealing,
  ) {}

  /**
   * A page of the object's events. It may have fewer than `limit`, or none, where few match: go on as long as there is a `next`.
   * Rejects with ObjectNotFound, InvalidCursor.
   */
  async page(tenant: string, ref: ObjectRef, query: HistoryQuery = {}): Promise<PageOf<HistoryEntry>> {
    const { items, next } = await this.#page(tenant, ref, query);
    return { items: await this.unsealing.answers(tenant, items), next };
  }

  async #page(tenant: string, ref: ObjectRef, query: HistoryQuery): Promise<PageOf<HistoryEntry>> {
    const { limit = 100, order, stored } = query;
    const stream = streamName(tenant, ref);
    const store = stored ? this.storedEvents : this.events;
    const direction = order === 'desc' ? 'backwards' : 'forwards';
    const step = direction === 'forwards' ? 1 : -1;
    const begin = query.cursor === undefined ? undefined : placeOf(query.cursor);
    const items: HistoryEntry[] = [];
    let from = begin?.revision;
    for (let looked = 0; ;) {
      const size = isFiltered(query) ? SLICE : Math.min(limit - items.length, SLICE);
      const { events, lastRevision } = await store.read(stream, { from, direction, limit: size });
      if (lastRevision < 0) throw new ObjectNotFound(ref);
      for (const [place, event] of placed(events)) {
        if (begin && event.revision === begin.revision && place < begin.passed) continue;
        if (items.length === limit) return { items, next: cursorOf(event.revision, place) };
        if (matches(event, query)) items.push(entryOf(event));
      }
      const last = events.at(-1)?.revision;
      if (last === undefined || last === (step === 1 ? lastRevision : 0)) return { items };
      from = last + step;
      looked += events.length;
      if (items.length === limit || looked >= MOST_LOOKED_AT) return { items, next: cursorOf(from, 0) };
    }
  }
}

/** Each event with how many of its revision came before it: an upcaster can make several of one. */
function* placed(events: readonly Recorded[]): Generator<[number, Recorded]> {
  let place = 0;
  for (const [index, event] of events.entries()) {
    place = events[index - 1]?.revision === event.revision ? place + 1 : 0;
    yield [place, event];
  }
}

function cursorOf(revision: number, passed: number): string {
  return passed === 0 ? String(revision) : `${revision}.${passed}`;
}

function placeOf(cursor: string): { revision: number; passed: number } {
  const [, revision, passed] = /^(\d{1,15})(?:\.(\d{1,6}))?$/.exec(cursor) ?? [];
  if (revision === undefined) throw new InvalidCursor();
  return { revision: Number(revision), passed: Number(passed ?? 0) };
}

function isFiltered({ types, actor, from, to }: HistoryQuery): boolean {
  return [types, actor, from, to].some((condition) => condition !== undefined);
}

function matches(event: Recorded, { types, actor, from, to, clock = 'recorded' }: HistoryQuery): boolean {
  if (types && !types.includes(event.type)) return false;
  if (actor !== undefined && !isBy(event, actor)) return false;
  if (from === undefined && to === undefined) return true;
  const time = timeOf(event, clock);
  return (from === undefined || time >= from) && (to === undefined || time < to);
}

function isBy(event: Recorded, actor: string): boolean {
  const { type, id } = referenceOf(event).actor;
  return actor === id || actor === `${type}:${id}`;
}
