import googleEmpty from 'google-protobuf/google/protobuf/empty_pb.js';
import shared from '@eventstore/db-client/generated/shared_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import type { BatchAppendReq, BatchAppendResp } from '@eventstore/db-client/generated/streams_pb.js';
import type { Position } from '#kernel/event';
import type { AppendCall, EventStoreDbConnection } from './eventstoredb-connection.js';
import { proposedMessage, type StoredEvent } from './eventstoredb-event.js';
import type { ExpectedRevision } from './event-store.port.js';
import { streamIdentifier } from './eventstoredb-requests.js';

/** What the server says to an append. `unsettled`: it may have taken place or not. */
export type Answer =
  | { readonly kind: 'appended'; readonly revision: number; readonly position: Position | undefined }
  | { readonly kind: 'refused'; readonly current: number }
  | { readonly kind: 'deleted' }
  | { readonly kind: 'too-large'; readonly limit: number }
  | { readonly kind: 'rejected'; readonly message: string; readonly denied: boolean }
  | { readonly kind: 'unsettled'; readonly reason: unknown };

export interface Append {
  readonly stream: string;
  readonly expected: ExpectedRevision;
  readonly events: readonly StoredEvent[];
}

interface Pending {
  readonly stream: string;
  readonly sentAt: number;
  readonly answered: (answer: Answer) => void;
}

/** gRPC servers take messages of 4 MiB; an append may be larger than that. */
const MESSAGE_BYTES = 2 ** 20;
const ANSWER_MS = 10_000;
const WATCH_MS = 1_000;

/**
 * Appends, one behind the other on one call. The server takes them in the order in which they were sent, and what it took when
 * the connection breaks is the first part of them.
 */
export class BatchAppends {
  readonly #pending = new Map<string, Pending>();
  #call: Promise<AppendCall> | undefined;
  #sent = 0;
  /** When the last answer came. */
  #heardAt = 0;
  #watch: NodeJS.Timeout | undefined;

  constructor(private readonly connection: EventStoreDbConnection) {}

  get waiting(): number {
    return this.#pending.size;
  }

  /** `answered` is called once, and where the connection breaks in the order of sending, before anything else can happen. */
  send(append: Append, answered: (answer: Answer) => void): void {
    const id = String(++this.#sent);
    this.#pending.set(id, { stream: append.stream, sentAt: performance.now(), answered });
    this.#watch ??= setInterval(() => this.#endSilence(), WATCH_MS).unref();
    this.#call ??= this.#begin();
    void this.#call.then(
      (call) => {
        if (!this.#pending.has(id)) return;
        for (const message of messagesOf(id, append)) call.write(message);
      },
      // `#begin` has told everybody.
      () => undefined,
    );
  }

  /** Resolves when nothing is under way to the stream. */
  async idle(stream: string): Promise<void> {
    const underWay = [...this.#pending.entries()].filter(([, pending]) => pending.stream === stream);
    await Promise.all(
      underWay.map(
        ([id, pending]) =>
          new Promise<void>((resolve) => {
            const answered = (answer: Answer): void => {
              pending.answered(answer);
              resolve();
            };
            this.#pending.set(id, { ...pending, answered });
          }),
      ),
    );
  }

  close(): void {
    clearInterval(this.#watch);
    void this.#call?.then((call) => call.cancel()).catch(() => undefined);
  }

  async #begin(): Promise<AppendCall> {
    try {
      const call = await this.connection.appends();
      const lost = (error?: unknown): void => this.#lose(call, error ?? new Error('the server ended the call'));
      call.on('data', (response: BatchAppendResp) => this.#answer(response));
      call.on('error', lost);
      call.on('end', () => lost());
      call.on('close', () => lost());
      return call;
    } catch (error) {
      this.#call = undefined;
      this.#settleAll(error);
      throw error;
    }
  }

  #answer(response: BatchAppendResp): void {
    this.#heardAt = performance.now();
    const id = correlationOf(response.getCorrelationId());
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    pending?.answered(answerOf(response));
  }

  #lose(call: AppendCall, reason: unknown): void {
    void this.#call?.then((current) => {
      if (current !== call) return;
      this.#call = undefined;
      this.#settleAll(reason);
    });
  }

  #settleAll(reason: unknown): void {
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { answered } of pending) answered({ kind: 'unsettled', reason });
  }

  /** A server that is there and says nothing looks like one that is busy: after a while the call is given up. One that is busy answers. */
  #endSilence(): void {
    const [oldest] = this.#pending.values();
    if (!oldest) {
      clearInterval(this.#watch);
      this.#watch = undefined;
    } else if (performance.now() - Math.max(oldest.sentAt, this.#heardAt) > ANSWER_MS) {
      void this.#call?.then((call) => call.cancel());
    }
  }
}

function* messagesOf(id: string, { stream, expected, events }: Append): Generator<BatchAppendReq> {
  let message = messageOf(id).setOptions(optionsOf(stream, expected));
  let bytes = 0;
  for (const event of events) {
    const size = event.data.length + event.metadata.length;
    if (bytes > 0 && bytes + size > MESSAGE_BYTES) {
      yield message;
      message = messageOf(id);
      bytes = 0;
    }
    message.addProposedMessages(proposedMessage(event));
    bytes += size;
  }
  yield message.setIsFinal(true);
}

function messageOf(id: string): BatchAppendReq {
  const correlation = new shared.UUID.Structured().setMostSignificantBits('0').setLeastSignificantBits(id);
  return new streams.BatchAppendReq().setCorrelationId(new shared.UUID().setStructured(correlation)).setIsFinal(false);
}

/** Without a deadline: a clock that is not the server's would make it refuse. */
function optionsOf(stream: string, expected: ExpectedRevision): BatchAppendReq.Options {
  const options = new streams.BatchAppendReq.Options().setStreamIdentifier(streamIdentifier(stream));
  const empty = new googleEmpty.Empty();
  switch (expected) {
    case 'none':
      return options.setNoStream(empty);
    case 'exists':
      return options.setStreamExists(empty);
    case 'any':
      return options.setAny(empty);
    default:
      return options.setStreamPosition(String(expected));
  }
}

/** The server may spell the id in another way than it was given. */
function correlationOf(id: shared.UUID | undefined): string {
  if (id?.hasStructured()) return id.getStructured()!.getLeastSignificantBits();
  const text = id?.getString().replaceAll('-', '') ?? '';
  return BigInt(`0x${text.slice(16) || '0'}`).toString();
}

function answerOf(response: BatchAppendResp): Answer {
  const success = response.getSuccess();
  if (success) {
    const position = success.getPosition()?.getCommitPosition();
    return { kind: 'appended', revision: Number(success.getCurrentRevision()), position: positionOf(position) };
  }
  const error = response.getError();
  const details = error?.getDetails();
  const bytes = details?.getValue_asU8() ?? new Uint8Array();
  const type = details?.getTypeName().split('.').at(-1) ?? 'Unknown';
  const message = error?.getMessage() || type;
  switch (type) {
    case 'WrongExpectedVersion': {
      const wrong = shared.WrongExpectedVersion.deserializeBinary(bytes);
      const current = wrong.hasCurrentStreamRevision() ? Number(wrong.getCurrentStreamRevision()) : -1;
      return { kind: 'refused', current };
    }
    case 'StreamDeleted':
      return { kind: 'deleted' };
    case 'MaximumAppendSizeExceeded':
      return { kind: 'too-large', limit: shared.MaximumAppendSizeExceeded.deserializeBinary(bytes).getMaxappendsize() };
    case 'AccessDenied':
    case 'BadRequest':
      return { kind: 'rejected', message, denied: type === 'AccessDenied' };
    default:
      return { kind: 'unsettled', reason: new Error(message) };
  }
}

/** -1 and its unsigned twin stand for no position. */
function positionOf(position: string | undefined): Position | undefined {
  return position === undefined || position === '18446744073709551615' || position.startsWith('-')
    ? undefined
    : position;
}
