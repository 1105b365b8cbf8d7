import streams from '@eventstore/db-client/generated/streams_pb.js';
import type { Position } from '#kernel/event';
import type { EventStore } from '#platform/event-store/event-store.port';
import type { Caller } from './access.js';
import { expectedRevision, namingLastRevision } from './expected-revision.js';
import { streamNameOf } from './identifiers.js';
import { logPosition } from './positions.js';
import { InvalidRequest } from './protocol-errors.js';

/** Streams.Delete: the stream reads as missing until somebody appends to it again. */
export async function softDelete(
  store: EventStore,
  request: streams.DeleteReq,
  caller: Caller,
): Promise<streams.DeleteResp> {
  const { commit, prepare } = await remove(store, request.getOptions(), caller, 'soft');
  const position = new streams.DeleteResp.Position().setCommitPosition(commit).setPreparePosition(prepare);
  return new streams.DeleteResp().setPosition(position);
}

/** Streams.Tombstone: the stream is deleted for ever. */
export async function tombstone(
  store: EventStore,
  request: streams.TombstoneReq,
  caller: Caller,
): Promise<streams.TombstoneResp> {
  const { commit, prepare } = await remove(store, request.getOptions(), caller, 'tombstone');
  const position = new streams.TombstoneResp.Position().setCommitPosition(commit).setPreparePosition(prepare);
  return new streams.TombstoneResp().setPosition(position);
}

async function remove(
  store: EventStore,
  options: streams.DeleteReq.Options | streams.TombstoneReq.Options | undefined,
  caller: Caller,
  mode: 'soft' | 'tombstone',
): Promise<ReturnType<typeof logPosition>> {
  if (!options) throw new InvalidRequest('The request has no options.');
  const stream = streamNameOf(options.getStreamIdentifier());
  const expected = expectedRevision(options, options.hasRevision() ? options.getRevision() : undefined);
  await caller.mayDelete(stream);
  await namingLastRevision(store, () => store.delete(stream, expected, mode));
  return logPosition(await positionOfDeletion(store, stream));
}

/** A deletion is an event of the stream's metadata; where nothing was there to be deleted, the end of the log will do. */
async function positionOfDeletion(store: EventStore, stream: string): Promise<Position> {
  const { events } = await store.read(`$$${stream}`, { direction: 'backwards', limit: 1 });
  return events[0]?.position ?? store.head();
}
