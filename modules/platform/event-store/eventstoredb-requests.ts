import shared from '@eventstore/db-client/generated/shared_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import type { ReadReq } from '@eventstore/db-client/generated/streams_pb.js';
import { type Position, START } from '#kernel/event';
import type { EventFilter } from '#kernel/projection';

const { Options } = streams.ReadReq;
const FORWARDS = 0;
const BACKWARDS = 1;

/** Streams that are not the system's. */
const ORDINARY = '^[^$]';
/** The same, with the metadata streams of such streams. */
export const ORDINARY_OR_METADATA = '^([^$]|\\$\\$[^$])';

/** Events that the server looks at before it tells how far it is. */
const SEARCH_WINDOW = 500;

/** What the server may leave out; what comes still has to be looked at. */
export type ServerFilter =
  { stream: string } | { streamPrefixes: readonly string[] } | { typePrefixes: readonly string[] };

/** The server filters by one thing: by types where they are given, as they say more than a prefix of stream names. */
export function serverFilter({ types, streamPrefixes }: EventFilter, system: boolean): ServerFilter | undefined {
  if (types) return { typePrefixes: types };
  if (streamPrefixes && !streamPrefixes.includes('')) return { streamPrefixes };
  return system ? undefined : { stream: ORDINARY };
}

export interface StreamRange {
  /** First revision to read, inclusive; default: the first forwards, the last backwards. */
  readonly from?: number;
  readonly backwards?: boolean;
  readonly count: number;
}

export function readStreamRequest(stream: string, { from, backwards = false, count }: StreamRange): ReadReq {
  const options = new Options.StreamOptions();
  options.setStreamIdentifier(streamIdentifier(stream));
  if (from !== undefined) options.setRevision(String(from));
  else if (backwards) options.setEnd(new shared.Empty());
  else options.setStart(new shared.Empty());
  return readRequest(new Options().setStream(options).setNoFilter(new shared.Empty()), backwards, count);
}

export interface AllRange {
  /** Begins with the event there forwards, before it backwards. */
  readonly from?: Position;
  readonly backwards?: boolean;
  /** Without it the call never ends: a subscription. */
  readonly count?: number;
  readonly filter?: ServerFilter;
}

export function readAllRequest({ from, backwards = false, count, filter }: AllRange): ReadReq {
  const options = new Options.AllOptions();
  if (from !== undefined && from !== START) {
    // The events that Perdure writes have both numbers the same.
    options.setPosition(new Options.Position().setCommitPosition(from).setPreparePosition(from));
  } else if (backwards) options.setEnd(new shared.Empty());
  else options.setStart(new shared.Empty());
  const all = new Options().setAll(options);
  if (filter) all.setFilter(filterOptions(filter));
  else all.setNoFilter(new shared.Empty());
  return readRequest(all, backwards, count);
}

function readRequest(options: ReadReq.Options, backwards: boolean, count: number | undefined): ReadReq {
  if (count === undefined) options.setSubscription(new Options.SubscriptionOptions());
  else options.setCount(String(count));
  options.setReadDirection(backwards ? BACKWARDS : FORWARDS);
  options.setResolveLinks(false);
  options.setUuidOption(new Options.UUIDOption().setString(new shared.Empty()));
  return new streams.ReadReq().setOptions(options);
}

function filterOptions(filter: ServerFilter): ReadReq.Options.FilterOptions {
  const expression = new Options.FilterOptions.Expression();
  const options = new Options.FilterOptions().setMax(SEARCH_WINDOW).setCheckpointintervalmultiplier(1);
  if ('typePrefixes' in filter) return options.setEventType(expression.setPrefixList([...filter.typePrefixes]));
  if ('stream' in filter) expression.setRegex(filter.stream);
  else expression.setPrefixList([...filter.streamPrefixes]);
  return options.setStreamIdentifier(expression);
}

export function streamIdentifier(name: string): shared.StreamIdentifier {
  return new shared.StreamIdentifier().setStreamName(Buffer.from(name));
}
