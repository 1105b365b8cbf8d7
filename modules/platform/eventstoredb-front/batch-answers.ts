import { status } from '@grpc/grpc-js';
import type code from '@eventstore/db-client/generated/code_pb.js';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import rpc from '@eventstore/db-client/generated/status_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import any from 'google-protobuf/google/protobuf/any_pb.js';
import empty from 'google-protobuf/google/protobuf/empty_pb.js';
import { StreamDeleted, WrongExpectedRevision } from '#platform/event-store/event-store.errors';
import type { ExpectedRevision } from '#platform/event-store/event-store.port';
import type { Written } from './appends.js';
import { streamIdentifier } from './identifiers.js';
import { logPosition } from './positions.js';
import { protocolError } from './protocol-errors.js';

const { BatchAppendResp } = streams;

export function batchSuccess({ revision, position }: Written): streams.BatchAppendResp {
  const message = new BatchAppendResp.Success();
  if (revision < 0) message.setNoStream(new empty.Empty());
  else message.setCurrentRevision(String(revision));
  if (position === undefined) message.setNoPosition(new empty.Empty());
  else {
    const { commit, prepare } = logPosition(position);
    message.setPosition(new shared.AllStreamPosition().setCommitPosition(commit).setPreparePosition(prepare));
  }
  return new BatchAppendResp().setSuccess(message);
}

/** The error as this call has it: in a message, since the other appends go on. */
export function batchError(error: unknown): streams.BatchAppendResp {
  const inProtocol = protocolError(error);
  const [type, details] = detailsOf(error, inProtocol);
  const packed = new any.Any();
  packed.pack(details.serializeBinary(), `event_store.client.${type}`);
  const message = new rpc.Status().setMessage(inProtocol.message).setDetails(packed);
  message.setCode(inProtocol.code as unknown as code.Code);
  return new BatchAppendResp().setError(message);
}

interface Serializable {
  serializeBinary(): Uint8Array;
}

function detailsOf(
  error: unknown,
  { code, message, details }: ReturnType<typeof protocolError>,
): [string, Serializable] {
  if (error instanceof WrongExpectedRevision) return ['WrongExpectedVersion', wrongExpectedVersion(error)];
  if (error instanceof StreamDeleted) {
    return ['StreamDeleted', new shared.StreamDeleted().setStreamIdentifier(streamIdentifier(error.stream))];
  }
  const limit = details['maximum-append-size'];
  if (limit !== undefined) {
    return ['MaximumAppendSizeExceeded', new shared.MaximumAppendSizeExceeded().setMaxappendsize(Number(limit))];
  }
  switch (code) {
    case status.PERMISSION_DENIED:
    case status.UNAUTHENTICATED:
      return ['AccessDenied', new shared.AccessDenied()];
    case status.DEADLINE_EXCEEDED:
      return ['Timeout', new shared.Timeout()];
    case status.INVALID_ARGUMENT:
      return ['BadRequest', new shared.BadRequest().setMessage(message)];
    default:
      return ['Unknown', new shared.Unknown()];
  }
}

function wrongExpectedVersion({ expected, actual }: WrongExpectedRevision): shared.WrongExpectedVersion {
  const message = new shared.WrongExpectedVersion();
  if (actual < 0) message.setCurrentNoStream(new empty.Empty());
  else message.setCurrentStreamRevision(String(actual));
  return expect(message, expected);
}

function expect(message: shared.WrongExpectedVersion, expected: ExpectedRevision): shared.WrongExpectedVersion {
  if (typeof expected === 'number') return message.setExpectedStreamPosition(String(expected));
  if (expected === 'none') return message.setExpectedNoStream(new empty.Empty());
  if (expected === 'exists') return message.setExpectedStreamExists(new empty.Empty());
  return message.setExpectedAny(new empty.Empty());
}
