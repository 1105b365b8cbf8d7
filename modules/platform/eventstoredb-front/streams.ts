import type { IStreamsServer } from '@eventstore/db-client/generated/streams_grpc_pb.js';
import type streams from '@eventstore/db-client/generated/streams_pb.js';
import type { EventStore } from '#platform/event-store/event-store.port';
import { appendStreamed } from './appends.js';
import { BatchAppends } from './batch-appends.js';
import { type Answers, bidirectional, type CallScope, clientStreaming, serverStreaming, unary } from './calls.js';
import { softDelete, tombstone } from './deletes.js';
import { readRequest } from './read-request.js';
import { readAll, readStream } from './reads.js';
import { subscribeToAll, subscribeToStream } from './subscriptions.js';
import type { Caller } from './access.js';

export interface StreamsOptions {
  readonly store: EventStore;
  readonly maxAppendBytes: number;
}

/** The Streams service. */
export function streamsHandlers(scope: CallScope, { store, maxAppendBytes }: StreamsOptions): IStreamsServer {
  return {
    append: clientStreaming(scope, (requests, caller) => appendStreamed(store, maxAppendBytes, requests, caller)),
    batchAppend: bidirectional(scope, (requests, answers, caller) =>
      new BatchAppends({ store, maxBytes: maxAppendBytes }, answers, caller).serve(requests),
    ),
    read: serverStreaming(scope, (request, answers, caller) => read(store, request, answers, caller)),
    delete: unary(scope, (request, caller) => softDelete(store, request, caller)),
    tombstone: unary(scope, (request, caller) => tombstone(store, request, caller)),
  };
}

async function read(
  store: EventStore,
  message: streams.ReadReq,
  answers: Answers<streams.ReadResp>,
  caller: Caller,
): Promise<void> {
  const request = readRequest(message);
  await caller.mayRead('stream' in request ? request.stream : '$all');
  switch (request.kind) {
    case 'read-stream':
      return readStream(store, request, answers);
    case 'read-all':
      return readAll(store, request, answers);
    case 'subscribe-to-stream':
      return subscribeToStream(store, request, answers);
    case 'subscribe-to-all':
      return subscribeToAll(store, request, answers);
  }
}
