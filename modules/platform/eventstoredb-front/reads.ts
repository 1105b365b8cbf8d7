import type streams from '@eventstore/db-client/generated/streams_pb.js';
import { comparePositions, type Position, START } from '#kernel/event';
import type { EventStore, ReadAllOptions } from '#platform/event-store/event-store.port';
import type { Answers } from './calls.js';
import { resolve } from './links.js';
import { END, justBefore } from './positions.js';
import {
  eventAnswer,
  firstStreamPosition,
  lastAllStreamPosition,
  lastStreamPosition,
  streamNotFound,
} from './read-answers.js';
import type { ReadRequest } from './read-request.js';

/** Events that are fetched at once. */
const PAGE = 500;

type StreamRead = Extract<ReadRequest, { kind: 'read-stream' }>;
type AllRead = Extract<ReadRequest, { kind: 'read-all' }>;
type ReadAnswers = Answers<streams.ReadResp>;

/** Sends a part of one stream. What is appended while it reads is left out. */
export async function readStream(store: EventStore, request: StreamRead, answers: ReadAnswers): Promise<void> {
  const { stream, direction, resolveLinks, uuids, tellEnds } = request;
  const forwards = direction === 'forwards';
  let from = firstRevision(request);
  let left = request.count;
  let last: number | undefined;
  for (;;) {
    const limit = Math.max(1, Math.min(left, PAGE));
    const slice = await store.read(stream, { direction, limit, ...(from !== undefined && { from }) });
    if (slice.status === 'missing') return answers.send(streamNotFound(stream));
    const first = last === undefined;
    last ??= slice.lastRevision;
    const events = slice.events.filter(({ revision }) => revision <= last!).slice(0, left);
    if (first && tellEnds && forwards && events.length === 0) await answers.send(firstStreamPosition(last + 1));
    for (const event of events) await answers.send(eventAnswer(await resolve(store, event, resolveLinks), uuids));
    left -= events.length;
    const end = events.at(-1);
    if (!end || left <= 0 || end.revision === (forwards ? last : 0)) break;
    from = end.revision + (forwards ? 1 : -1);
  }
  if (tellEnds && forwards) await answers.send(lastStreamPosition(last));
}

/** Sends a part of the global order. What is appended while it reads is left out. */
export async function readAll(store: EventStore, request: AllRead, answers: ReadAnswers): Promise<void> {
  const { direction, filter, resolveLinks, uuids, tellEnds } = request;
  const forwards = direction === 'forwards';
  const head = await store.head();
  const start = startOf(request, head);
  let position = start;
  let left = request.count;
  // Going backwards from the beginning, as going forwards from the end, there is nothing.
  while (left > 0 && (forwards || position !== START)) {
    const slice = await store.readAll({
      direction,
      system: true,
      // As in EventStoreDB, where only a scavenge takes hidden events out of the global order.
      hidden: true,
      limit: Math.min(left, PAGE),
      ...(position !== undefined && { position }),
      ...(filter.pushed && { filter: filter.pushed }),
    } satisfies ReadAllOptions);
    for (const event of slice.events) {
      if (forwards && comparePositions(event.position, head) > 0) return;
      if (left <= 0 || !filter.matches(event)) continue;
      await answers.send(eventAnswer(await resolve(store, event, resolveLinks), uuids));
      left--;
    }
    position = slice.position;
    if (slice.end) break;
  }
  if (tellEnds && position !== undefined) await answers.send(lastAllStreamPosition(position));
}

function firstRevision({ from, direction }: StreamRead): number | undefined {
  if (direction === 'forwards') return from === 'start' ? undefined : from === 'end' ? Number.MAX_SAFE_INTEGER : from;
  return from === 'start' ? 0 : from === 'end' ? undefined : from;
}

/** Forwards the event at the position belongs to it, backwards not. */
function startOf({ from, direction }: AllRead, head: Position): Position | undefined {
  if (direction === 'forwards') return from === END ? head : justBefore(from);
  return from === END ? undefined : from;
}
