import type streams from '@eventstore/db-client/generated/streams_pb.js';
import { StoreUnavailable } from '#platform/event-store/event-store.errors';
import type { EventStore, ExpectedRevision } from '#platform/event-store/event-store.port';
import type { Caller } from './access.js';
import { append, ProposedEvents } from './appends.js';
import { batchError, batchSuccess } from './batch-answers.js';
import type { Answers } from './calls.js';
import { expectedRevision } from './expected-revision.js';
import { streamIdentifier, streamNameOf, uuidMessage, uuidOf } from './identifiers.js';
import { DeadlineExceeded, FrontClosing, InvalidRequest, protocolError } from './protocol-errors.js';

/** Appends of one call that are under way at once; a client that sends more waits. */
const IN_FLIGHT = 1_000;
/** Appends of one call that have begun to arrive and have not come to their end. */
const ARRIVING = 1_000;

interface Arriving {
  readonly stream: string;
  readonly expected: ExpectedRevision;
  /** In ms since 1970, by the client's clock. */
  readonly deadline: number;
  readonly proposed: ProposedEvents;
  /** Refused and answered before its last part came; the rest of it is passed over. */
  refused?: boolean;
}

export interface BatchOptions {
  readonly store: EventStore;
  readonly maxBytes: number;
}

/**
 * Streams.BatchAppend: many appends in one call, each in one or more parts that its correlation id holds together, each answered
 * once, when it is durable. Appends to one stream take effect in the order in which they are complete.
 */
export class BatchAppends {
  readonly #arriving = new Map<string, Arriving>();
  readonly #inFlight = new Set<Promise<void>>();
  #broken: Error | undefined;

  constructor(
    private readonly options: BatchOptions,
    private readonly answers: Answers<streams.BatchAppendResp>,
    private readonly caller: Caller,
  ) {}

  /** Takes requests to their end. What is under way then is still answered. */
  async serve(requests: AsyncIterable<streams.BatchAppendReq>): Promise<void> {
    for await (const request of requests) {
      await this.#take(request);
      while (this.#inFlight.size >= IN_FLIGHT) await Promise.race(this.#inFlight);
    }
    await Promise.all(this.#inFlight);
    if (this.#broken) throw this.#broken;
    if (this.answers.ended.aborted) throw new FrontClosing();
  }

  async #take(request: streams.BatchAppendReq): Promise<void> {
    const id = uuidOf(request.getCorrelationId());
    let append = this.#arriving.get(id);
    try {
      append ??= await this.#begin(id, request.getOptions());
      if (!append.refused) for (const message of request.getProposedMessagesList()) append.proposed.add(message);
    } catch (error) {
      // Its other parts, if there are any, must find that it was answered.
      append ??= { stream: nameIn(request), expected: 'any', deadline: 0, proposed: new ProposedEvents(0) };
      append.refused = true;
      if (!request.getIsFinal()) this.#keep(id, append);
      await this.#answer(id, append, batchError(this.#late(append) ? new DeadlineExceeded() : error));
    }
    if (!request.getIsFinal()) return;
    this.#arriving.delete(id);
    if (!append.refused) this.#start(id, append);
  }

  async #begin(id: string, options: streams.BatchAppendReq.Options | undefined): Promise<Arriving> {
    if (!options) throw new InvalidRequest('The first part of an append has no options.');
    const stream = streamNameOf(options.getStreamIdentifier());
    const revision = options.hasStreamPosition() ? options.getStreamPosition() : undefined;
    const expected = expectedRevision(options, revision);
    const deadline = options.getDeadline()?.toDate().getTime() ?? Infinity;
    await this.caller.mayWrite(stream);
    const append = { stream, expected, deadline, proposed: new ProposedEvents(this.options.maxBytes) };
    this.#keep(id, append);
    return append;
  }

  #keep(id: string, append: Arriving): void {
    this.#arriving.set(id, append);
    if (this.#arriving.size > ARRIVING) {
      throw new InvalidRequest(`More than ${ARRIVING} appends have begun and not ended. Send their last parts first.`);
    }
  }

  #start(id: string, append: Arriving): void {
    const writing = this.#write(id, append)
      .catch((error: unknown) => {
        this.#broken ??= protocolError(error);
        this.answers.stop();
      })
      .finally(() => this.#inFlight.delete(writing));
    this.#inFlight.add(writing);
  }

  async #write(id: string, arrived: Arriving): Promise<void> {
    const { stream, expected, proposed } = arrived;
    let answer: streams.BatchAppendResp;
    try {
      if (this.#late(arrived)) throw new DeadlineExceeded();
      answer = batchSuccess(await append(this.options.store, stream, expected, proposed.events));
    } catch (error) {
      // No answer to one append says `try again`, so the whole call does: the client connects anew, and event ids make its
      // repetitions harmless.
      if (error instanceof StoreUnavailable) throw error;
      answer = batchError(error);
    }
    await this.#answer(id, arrived, answer);
  }

  async #answer(id: string, { stream }: Arriving, answer: streams.BatchAppendResp): Promise<void> {
    answer.setCorrelationId(uuidMessage(id, 'string')).setStreamIdentifier(streamIdentifier(stream));
    await this.answers.send(answer);
  }

  #late({ deadline }: Arriving): boolean {
    return deadline > 0 && Date.now() >= deadline;
  }
}

function nameIn(request: streams.BatchAppendReq): string {
  return Buffer.from(request.getOptions()?.getStreamIdentifier()?.getStreamName_asU8() ?? []).toString();
}
