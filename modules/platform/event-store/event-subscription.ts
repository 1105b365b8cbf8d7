import { setImmediate } from 'node:timers/promises';
import { START } from '#kernel/event';
import type { AllSlice, ReadAllOptions, SubscribeOptions, SubscriptionMessage } from './event-store.port.js';
import { returnable } from './returnable.js';

/** Events that are read ahead of the subscriber. */
const PAGE = 500;

export type PageReader = (options: ReadAllOptions) => AllSlice;

/** Where a subscription gets its events from. */
export interface SubscriptionSource {
  readonly page: PageReader;
  /** Resolves when there are events after the position, or at the signal, with what the next page is to be read by. */
  growth(position: string, signal: AbortSignal): Promise<PageReader>;
  /** Ends all subscriptions. */
  readonly closed: AbortSignal;
}

/** For those that wake together, who mostly ask for one of few pages: reads each for the first of them only. */
export function readOnce(read: PageReader): PageReader {
  const pages = new Map<string, AllSlice>();
  return (options) => {
    const asked = JSON.stringify(options);
    const known = pages.get(asked);
    if (known) return known;
    const page = read(options);
    pages.set(asked, page);
    return page;
  };
}

/** Reads pages as they are asked for; at the end it sleeps until the store grows. */
export function subscription(
  source: SubscriptionSource,
  options: SubscribeOptions,
): AsyncIterable<SubscriptionMessage> {
  return returnable((signal) => follow(source, options, signal), source.closed, options.signal);
}

async function* follow(
  source: SubscriptionSource,
  { position = START, filter, system, hidden }: SubscribeOptions,
  signal: AbortSignal,
): AsyncGenerator<SubscriptionMessage, undefined> {
  let at = position;
  let behind = true;
  let read = source.page;
  while (!signal.aborted) {
    const page = read({ position: at, filter, system, hidden, limit: PAGE });
    read = source.page;
    for (const event of page.events) {
      yield { kind: 'event', event };
      if (signal.aborted) return;
    }
    if (page.events.length > 0) behind = true;
    else if (page.position !== at) yield { kind: 'checkpoint', position: page.position };
    at = page.position;
    if (!page.end) {
      // A subscriber that is never busy must not keep everybody else from the event loop.
      await setImmediate();
      continue;
    }
    if (behind) yield { kind: 'caught-up', position: at };
    behind = false;
    read = await source.growth(at, signal);
  }
}
