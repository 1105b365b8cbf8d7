import { Inject, Injectable, Optional } from '@nestjs/common';
import { InvalidInput } from '#kernel/errors';
import { comparePositions, type Position, type Recorded } from '#kernel/event';
import { EVENT_STORE, type EventStore } from '#platform/event-store/event-store.port';
import { entryOf } from '#platform/history/history-entry';
import { Metrics } from '#platform/observability/metrics';

/** Which events: all conditions hold together. */
export interface FeedQuery {
  readonly stream?: string;
  readonly noun?: string;
  /** Any of these. */
  readonly types?: readonly string[];
  readonly correlationId?: string;
  /** Events after this position; default: those from now on. */
  readonly after?: Position;
}

export type EventFeed = AsyncGenerator<Recorded, void, void>;

/** Events of a tenant's as they happen, for those who subscribe. */
@Injectable()
export class EventFeeds {
  readonly #open = new Set<AbortController>();

  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Optional() metrics?: Metrics,
  ) {
    metrics?.gauge('graphql_subscriptions', 'Subscriptions to events over GraphQL.', () => this.#open.size);
  }

  /**
   * The tenant's events that are asked for, from a position through what is stored to what comes, each once and in order. The next
   * one is read when it is asked for. It ends when `return` is called, also while the next one is being waited for. Rejects with
   * InvalidInput.
   */
  async open(tenant: string, query: FeedQuery): Promise<EventFeed> {
    const { stream, after } = query;
    const own = `${tenant}.`;
    if (stream !== undefined && !stream.startsWith(own)) {
      throw invalid('/stream', `Must be the name of a stream, which begins with '${own}'.`);
    }
    const last = await this.store.head();
    if (after !== undefined && comparePositions(after, last) > 0) {
      throw invalid('/after', `The store ends at ${last}. Give the position of an event or of an answer.`);
    }
    const ending = new AbortController();
    this.#open.add(ending);
    const end = (): void => {
      ending.abort();
      this.#open.delete(ending);
    };
    return endingWith(this.#events(tenant, query, after ?? last, ending.signal), end);
  }

  async *#events(
    tenant: string,
    { stream, noun, types, correlationId }: FeedQuery,
    position: Position,
    signal: AbortSignal,
  ): EventFeed {
    const ofNoun = noun === undefined ? `${tenant}.` : `${tenant}.${noun}-`;
    const filter = { streamPrefixes: [stream ?? ofNoun], types };
    try {
      for await (const message of this.store.subscribe({ position, filter, signal })) {
        if (message.kind !== 'event') continue;
        const { event } = message;
        if (stream !== undefined && event.stream !== stream) continue;
        if (!event.stream.startsWith(ofNoun)) continue;
        if (correlationId !== undefined && entryOf(event).correlationId !== correlationId) continue;
        yield event;
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}

/** A generator that waits for an event would return only after it: `end` must end the wait. */
function endingWith(events: EventFeed, end: () => void): EventFeed {
  return {
    async next() {
      try {
        const result = await events.next();
        if (result.done) end();
        return result;
      } catch (error) {
        end();
        throw error;
      }
    },
    return() {
      end();
      return events.return();
    },
    throw(error) {
      end();
      return events.throw(error);
    },
    [Symbol.asyncIterator]() {
      return this;
    },
    async [Symbol.asyncDispose]() {
      await this.return();
    },
  };
}

function invalid(pointer: string, detail: string): InvalidInput {
  return new InvalidInput([{ pointer, detail }]);
}
