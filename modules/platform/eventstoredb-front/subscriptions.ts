import { randomUUID } from 'node:crypto';
import type streams from '@eventstore/db-client/generated/streams_pb.js';
import type { Recorded } from '#kernel/event';
import { StreamDeleted } from '#platform/event-store/event-store.errors';
import type { EventStore } from '#platform/event-store/event-store.port';
import type { Answers } from './calls.js';
import { resolve } from './links.js';
import { distance, END } from './positions.js';
import { FrontClosing } from './protocol-errors.js';
import { caughtUp, checkpoint, confirmation, eventAnswer } from './read-answers.js';
import type { OfAll, OfStream } from './read-request.js';

const PAGE = 500;

type SubscriptionAnswers = Answers<streams.ReadResp>;

/**
 * Sends one stream's events after a revision, then those that come: each once, in order. The stream need not exist. Ends with
 * StreamDeleted at a tombstone.
 */
export async function subscribeToStream(
  store: EventStore,
  { stream, from, resolveLinks, uuids }: OfStream,
  answers: SubscriptionAnswers,
): Promise<void> {
  const send = async (event: Recorded): Promise<void> =>
    answers.send(eventAnswer(await resolve(store, event, resolveLinks), uuids), answers.ended);
  // Taken before the stream is read: what comes while it is read comes again after this position, and is known by its revision.
  const position = await store.head();
  const { lastRevision } = await store.read(stream, { direction: 'backwards', limit: 1 });
  let sent = from === 'start' ? -1 : from === 'end' ? lastRevision : from;
  await answers.send(confirmation(randomUUID()));

  while (sent < lastRevision) {
    const { events } = await store.read(stream, { from: sent + 1, limit: PAGE });
    if (events.length === 0) break;
    for (const event of events) await send(event);
    sent = events.at(-1)!.revision;
  }
  await answers.send(caughtUp());

  const filter = { streamPrefixes: [stream, `$$${stream}`] };
  for await (const message of store.subscribe({ position, filter, system: true, signal: answers.ended })) {
    if (message.kind !== 'event') continue;
    const { event } = message;
    if (event.stream === `$$${stream}` && event.type === '$streamDeleted') throw new StreamDeleted(stream);
    if (event.stream !== stream || event.revision <= sent) continue;
    sent = event.revision;
    await send(event);
  }
  throw new FrontClosing();
}

/**
 * Sends all events after a position that the filter lets through, then those that come: each once, in order. A checkpoint tells
 * how far it has looked, after every `checkpointInterval` places in the order and when it has caught up. Places count events in
 * the embedded store; where they lie further apart, checkpoints come more often.
 */
export async function subscribeToAll(
  store: EventStore,
  { from, filter, resolveLinks, uuids }: OfAll,
  answers: SubscriptionAnswers,
): Promise<void> {
  const position = from === END ? await store.head() : from;
  const marks = filter.checkpointInterval < Infinity;
  let marked = position;
  let live = false;
  await answers.send(confirmation(randomUUID()));
  const options = {
    position,
    system: true,
    hidden: true,
    signal: answers.ended,
    ...(filter.pushed && { filter: filter.pushed }),
  };
  for await (const message of store.subscribe(options)) {
    const at = message.kind === 'event' ? message.event.position : message.position;
    if (message.kind === 'event' && filter.matches(message.event)) {
      await answers.send(eventAnswer(await resolve(store, message.event, resolveLinks), uuids), answers.ended);
    }
    if (marks && distance(marked, at) >= filter.checkpointInterval) {
      await answers.send(checkpoint(at));
      marked = at;
    }
    if (live || message.kind !== 'caught-up') continue;
    live = true;
    if (marks) await answers.send(checkpoint(at));
    await answers.send(caughtUp());
  }
  throw new FrontClosing();
}
