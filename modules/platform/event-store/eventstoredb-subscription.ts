import { comparePositions, type Position, START } from '#kernel/event';
import { StoreUnavailable } from './event-store.errors.js';
import type { SubscribeOptions, SubscriptionMessage } from './event-store.port.js';
import type { HiddenPasts } from './eventstoredb-hidden.js';
import { backOff } from './eventstoredb-patience.js';
import { checkPosition, type EventStoreDbReader, farther, matches } from './eventstoredb-reader.js';
import type { LiveTail } from './eventstoredb-tail.js';
import { returnable } from './returnable.js';

/** Events that are read ahead of the subscriber. */
const PAGE = 500;
/** The tail has no system events but metadata: for the others it is looked every so often. */
const SYSTEM_POLL_MS = 1_000;

/** Where a subscription gets its events from. */
export interface SubscriptionSource {
  readonly reader: EventStoreDbReader;
  readonly tail: LiveTail;
  readonly hidden: HiddenPasts;
  /** Resolves when it is known what streams hide. */
  readonly ready: Promise<void>;
  /** The last position that this process was given of an event that the tail brings. */
  known(): Position;
  /** Ends all subscriptions. */
  readonly closed: AbortSignal;
}

/** The past in pages, filtered by the server; the present from the tail, out of memory. Ends without an error. */
export function subscription(
  source: SubscriptionSource,
  options: SubscribeOptions,
): AsyncIterable<SubscriptionMessage> {
  return returnable((signal) => follow(source, options, signal), source.closed, options.signal);
}

async function* follow(
  source: SubscriptionSource,
  options: SubscribeOptions,
  signal: AbortSignal,
): AsyncGenerator<SubscriptionMessage, undefined> {
  let at = checkPosition(options.position ?? START);
  /** What was stored when this began: less is not caught up. */
  let goal: Position | undefined;
  let behind = true;
  await source.ready;
  for (let failures = 0; !signal.aborted;) {
    let step: Step;
    try {
      goal ??= await source.reader.head({ ordinary: !options.system });
      step = (!options.system && (await fromTail(source, options, at))) || (await fromServer(source, options, at));
      failures = 0;
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      await backOff(failures++, signal);
      continue;
    }
    for (const event of step.events) {
      if (signal.aborted) return;
      yield { kind: 'event', event };
    }
    if (signal.aborted) return;
    if (step.events.length > 0) behind = true;
    else if (step.position !== at) yield { kind: 'checkpoint', position: step.position };
    at = step.position;
    if (!step.end) continue;
    const isCaughtUp = comparePositions(at, farther(goal, source.known())) >= 0;
    if (behind && isCaughtUp) {
      yield { kind: 'caught-up', position: at };
      behind = false;
    }
    await growth(source, options, at, signal);
  }
}

interface Step {
  readonly events: SubscriptionEvents;
  readonly position: Position;
  /** Whether nothing more is known of. */
  readonly end: boolean;
}

type SubscriptionEvents = readonly Extract<SubscriptionMessage, { kind: 'event' }>['event'][];

async function fromTail(
  { reader, tail, hidden }: SubscriptionSource,
  { filter = {}, hidden: withHidden }: SubscribeOptions,
  at: Position,
): Promise<Step | undefined> {
  const after = tail.after(at)?.slice(0, PAGE);
  if (!after) return undefined;
  const matching = after.filter((event) => matches(event, filter, false));
  const events = withHidden ? matching : await hidden.visible(matching, (stream) => reader.lastRevision(stream));
  const position = after.at(-1)?.position ?? at;
  return { events, position, end: comparePositions(position, tail.position) >= 0 };
}

async function fromServer({ reader }: SubscriptionSource, options: SubscribeOptions, at: Position): Promise<Step> {
  const { signal: _, ...what } = options;
  return reader.all({ ...what, position: at, limit: PAGE });
}

async function growth(
  { tail }: SubscriptionSource,
  { system }: SubscribeOptions,
  at: Position,
  signal: AbortSignal,
): Promise<void> {
  if (!system) return tail.growth(at, signal);
  const waiting = new AbortController();
  const timer = setTimeout(() => waiting.abort(), SYSTEM_POLL_MS);
  await tail.growth(at, AbortSignal.any([signal, waiting.signal]));
  clearTimeout(timer);
}
