import shared from '@eventstore/db-client/generated/shared_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import type { Position } from '#kernel/event';
import { WrongExpectedRevision } from '#platform/event-store/event-store.errors';
import type { EventStore, ExpectedRevision, NewEvent } from '#platform/event-store/event-store.port';
import type { Caller } from './access.js';
import { checkOnly, expectedRevision, namingLastRevision } from './expected-revision.js';
import { streamNameOf } from './identifiers.js';
import { logPosition } from './positions.js';
import { AppendTooLarge, InvalidRequest } from './protocol-errors.js';
import { newEventOf, proposedBytes } from './recorded-messages.js';

const { AppendResp } = streams;

/** The events of one append as they arrive, up to a limit in bytes. */
export class ProposedEvents {
  readonly events: NewEvent[] = [];
  #bytes = 0;

  constructor(private readonly maxBytes: number) {}

  /** Throws InvalidRequest, or AppendTooLarge. */
  add(proposed: streams.AppendReq.ProposedMessage | streams.BatchAppendReq.ProposedMessage): void {
    this.#bytes += proposedBytes(proposed);
    if (this.#bytes > this.maxBytes) throw new AppendTooLarge(this.maxBytes);
    this.events.push(newEventOf(proposed));
  }
}

export interface Written {
  /** The stream's last revision, -1 where it has none. */
  readonly revision: number;
  readonly position?: Position;
}

/** Appends durably; no events at all only check the expectation. */
export async function append(
  store: EventStore,
  stream: string,
  expected: ExpectedRevision,
  events: readonly NewEvent[],
): Promise<Written> {
  return namingLastRevision<Written>(store, async () => {
    if (events.length === 0) return { revision: await checkOnly(store, stream, expected) };
    return store.append(stream, expected, events);
  });
}

/** Streams.Append: the first message says where to, the others are the events. */
export async function appendStreamed(
  store: EventStore,
  maxBytes: number,
  requests: AsyncIterable<streams.AppendReq>,
  caller: Caller,
): Promise<streams.AppendResp> {
  let target: { stream: string; expected: ExpectedRevision } | undefined;
  const proposed = new ProposedEvents(maxBytes);
  for await (const request of requests) {
    const options = request.getOptions();
    const message = request.getProposedMessage();
    if (options && !target) {
      target = targetOf(options);
      await caller.mayWrite(target.stream);
    } else if (message && target) {
      proposed.add(message);
    } else {
      throw new InvalidRequest('An append begins with one message of options; events follow.');
    }
  }
  if (!target) throw new InvalidRequest('The append has no options.');
  const { stream, expected } = target;
  try {
    return success(await append(store, stream, expected, proposed.events));
  } catch (error) {
    if (error instanceof WrongExpectedRevision) return wrongExpectedVersion(error);
    throw error;
  }
}

function targetOf(options: streams.AppendReq.Options): { stream: string; expected: ExpectedRevision } {
  const revision = options.hasRevision() ? options.getRevision() : undefined;
  return { stream: streamNameOf(options.getStreamIdentifier()), expected: expectedRevision(options, revision) };
}

function success({ revision, position }: Written): streams.AppendResp {
  const message = new AppendResp.Success();
  if (revision < 0) message.setNoStream(new shared.Empty());
  else message.setCurrentRevision(String(revision));
  if (position === undefined) message.setNoPosition(new shared.Empty());
  else {
    const { commit, prepare } = logPosition(position);
    message.setPosition(new AppendResp.Position().setCommitPosition(commit).setPreparePosition(prepare));
  }
  return new AppendResp().setSuccess(message);
}

function wrongExpectedVersion({ expected, actual }: WrongExpectedRevision): streams.AppendResp {
  const message = new AppendResp.WrongExpectedVersion();
  if (actual < 0) message.setCurrentNoStream(new shared.Empty());
  else message.setCurrentRevision(String(actual));
  if (typeof expected === 'number') message.setExpectedRevision(String(expected));
  else if (expected === 'none') message.setExpectedNoStream(new shared.Empty());
  else if (expected === 'exists') message.setExpectedStreamExists(new shared.Empty());
  else message.setExpectedAny(new shared.Empty());
  return new AppendResp().setWrongExpectedVersion(message);
}
