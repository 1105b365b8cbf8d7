import streams from '@eventstore/db-client/generated/streams_pb.js';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import type { Position } from '#kernel/event';
import { streamIdentifier, type UuidForm } from './identifiers.js';
import type { ResolvedEvent } from './links.js';
import { logPosition } from './positions.js';
import { recordedMessage } from './recorded-messages.js';

const { ReadResp } = streams;

/**
 * An event of a stream or of all. It comes with its place in all, or with that of the link it was reached by: from 22.10 on a stream's
 * events have it too, and newer clients insist on it.
 */
export function eventAnswer(resolved: ResolvedEvent, uuids: UuidForm): streams.ReadResp {
  const { position } = (resolved.link ?? resolved.event)!;
  return new ReadResp().setEvent(readEvent(resolved, uuids).setCommitPosition(logPosition(position).commit));
}

export function confirmation(subscriptionId: string): streams.ReadResp {
  return new ReadResp().setConfirmation(new ReadResp.SubscriptionConfirmation().setSubscriptionId(subscriptionId));
}

export function caughtUp(): streams.ReadResp {
  return new ReadResp().setCaughtUp(new ReadResp.CaughtUp());
}

export function checkpoint(position: Position): streams.ReadResp {
  const { commit, prepare } = logPosition(position);
  const message = new ReadResp.Checkpoint().setCommitPosition(commit).setPreparePosition(prepare);
  return new ReadResp().setCheckpoint(message);
}

export function streamNotFound(stream: string): streams.ReadResp {
  return new ReadResp().setStreamNotFound(new ReadResp.StreamNotFound().setStreamIdentifier(streamIdentifier(stream)));
}

export function firstStreamPosition(revision: number): streams.ReadResp {
  return new ReadResp().setFirstStreamPosition(String(revision));
}

export function lastStreamPosition(revision: number): streams.ReadResp {
  return new ReadResp().setLastStreamPosition(String(revision));
}

export function lastAllStreamPosition(position: Position): streams.ReadResp {
  const { commit, prepare } = logPosition(position);
  return new ReadResp().setLastAllStreamPosition(
    new shared.AllStreamPosition().setCommitPosition(commit).setPreparePosition(prepare),
  );
}

function readEvent({ event, link }: ResolvedEvent, uuids: UuidForm): streams.ReadResp.ReadEvent {
  const message = new ReadResp.ReadEvent();
  if (event) message.setEvent(recordedMessage(ReadResp.ReadEvent.RecordedEvent, event, uuids));
  if (link) message.setLink(recordedMessage(ReadResp.ReadEvent.RecordedEvent, link, uuids));
  return message;
}
