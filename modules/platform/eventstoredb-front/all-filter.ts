import type streams from '@eventstore/db-client/generated/streams_pb.js';
import type { Recorded } from '#kernel/event';
import type { EventFilter } from '#kernel/projection';
import { filterRegex } from './filter-regex.js';
import { InvalidRequest } from './protocol-errors.js';

/** Which events of all a reader wants. */
export interface AllFilter {
  /** What the store can look for itself. */
  readonly pushed: EventFilter | undefined;
  /** The whole condition. */
  matches(event: Recorded): boolean;
  /** So many events are looked at between two checkpoints. */
  readonly checkpointInterval: number;
}

/** Events that are looked at in one step, where the client does not say. */
const DEFAULT_WINDOW = 32;

export const EVERYTHING: AllFilter = { pushed: undefined, matches: () => true, checkpointInterval: Infinity };

/** Throws InvalidRequest where the filter has no condition, or one that cannot be tested in linear time. */
export function allFilter(options: streams.ReadReq.Options.FilterOptions): AllFilter {
  const onStream = options.getStreamIdentifier();
  const expression = onStream ?? options.getEventType();
  if (!expression) throw new InvalidRequest('The filter says neither stream_identifier nor event_type.');
  const prefixes = expression.getPrefixList();
  const test = tester(expression.getRegex(), prefixes);
  const window = options.hasMax() ? options.getMax() : DEFAULT_WINDOW;
  return {
    pushed: onStream && !expression.getRegex() ? { streamPrefixes: prefixes } : undefined,
    matches: onStream ? (event) => test(event.stream) : (event) => test(event.type),
    checkpointInterval: Math.max(1, window) * Math.max(1, options.getCheckpointintervalmultiplier()),
  };
}

function tester(regex: string, prefixes: readonly string[]): (text: string) => boolean {
  if (!regex) {
    if (prefixes.length === 0) throw new InvalidRequest('The filter has neither a regex nor a prefix.');
    return (text) => prefixes.some((prefix) => text.startsWith(prefix));
  }
  try {
    return filterRegex(regex);
  } catch (error) {
    throw new InvalidRequest((error as Error).message, { cause: error });
  }
}
