import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import {
  type Deadline,
  type handleBidiStreamingCall,
  type handleClientStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  Metadata,
  type ServerReadableStream,
} from '@grpc/grpc-js';
import { Caller, type FrontAccess } from './access.js';
import { DeadlineExceeded, errorResponse, FrontClosing } from './protocol-errors.js';

/** Longer than a message takes from a client near by, so that its deadline and ours fall into the same moments. */
const LAST_MOMENTS_MS = 25;

/** What every call needs of the front that it came to. */
export interface CallScope {
  readonly access: FrontAccess;
  /** The front is closing: long calls end. */
  readonly closing: AbortSignal;
}

interface AnsweredCall<Answer> extends NodeJS.EventEmitter {
  readonly cancelled: boolean;
  write(answer: Answer): boolean;
  end(): void;
}

/** The answers of one call, sent as fast as the client takes them. */
export class Answers<Answer> {
  readonly #gone = new AbortController();
  readonly #stopped = new AbortController();
  /** Waits for room, one for all answers that wait with the same signal: of a batch those are hundreds. */
  readonly #room = new Map<AbortSignal, Promise<void>>();
  /** The client is gone, the front is closing or the call was stopped: calls that would last end. */
  readonly ended: AbortSignal;

  constructor(
    private readonly call: AnsweredCall<Answer>,
    closing: AbortSignal,
  ) {
    this.ended = AbortSignal.any([this.#gone.signal, this.#stopped.signal, closing]);
    call.on('cancelled', () => this.#gone.abort());
    call.on('close', () => this.#gone.abort());
  }

  /** Resolves when the client has room for more. Rejects with FrontClosing at the signal; default: when the client is gone. */
  async send(answer: Answer, signal: AbortSignal = this.#gone.signal): Promise<void> {
    if (signal.aborted) throw new FrontClosing();
    if (this.call.write(answer)) return;
    let room = this.#room.get(signal);
    if (!room) this.#room.set(signal, (room = this.#drained(signal)));
    await room;
  }

  /** Takes no more requests. */
  stop(): void {
    this.#stopped.abort();
  }

  async #drained(signal: AbortSignal): Promise<void> {
    try {
      await once(this.call, 'drain', { signal });
    } catch {
      throw new FrontClosing();
    } finally {
      this.#room.delete(signal);
    }
  }

  /** Ends the call with its status. */
  settle(serving: Promise<void>): void {
    serving.then(
      () => this.call.end(),
      (error: unknown) => {
        if (!this.call.cancelled) this.call.emit('error', errorResponse(error));
      },
    );
  }
}

/** A call with one request and one answer. `host` is the name by which the caller came here. */
export function unary<Request, Answer>(
  scope: CallScope,
  serve: (request: Request, caller: Caller, host: string) => Promise<Answer>,
): handleUnaryCall<Request, Answer> {
  return (call, answer) => {
    const serving = async (): Promise<Answer> => {
      checkDeadline(call);
      return serve(call.request, new Caller(scope.access, call.metadata), call.getHost());
    };
    serving().then(
      (response) => answer(null, response),
      (error: unknown) => answer(errorResponse(error)),
    );
  };
}

/** A call with many requests and one answer. The requests throw where the client goes, or its deadline passes, before their end. */
export function clientStreaming<Request, Answer>(
  scope: CallScope,
  serve: (requests: AsyncIterable<Request>, caller: Caller) => Promise<Answer>,
): handleClientStreamingCall<Request, Answer> {
  return (call, answer) => {
    const serving = async (): Promise<Answer> => serve(whole(call), new Caller(scope.access, call.metadata));
    serving().then(
      (response) => answer(null, response),
      (error: unknown) => answer(errorResponse(error)),
    );
  };
}

/** A call with one request and many answers. */
export function serverStreaming<Request, Answer>(
  scope: CallScope,
  serve: (request: Request, answers: Answers<Answer>, caller: Caller) => Promise<void>,
): handleServerStreamingCall<Request, Answer> {
  return (call) => {
    const answers = new Answers<Answer>(call, scope.closing);
    const serving = async (): Promise<void> => serve(call.request, answers, new Caller(scope.access, call.metadata));
    answers.settle(serving());
  };
}

/** A call with many requests and many answers, in any order. The requests end when the call does. */
export function bidirectional<Request, Answer>(
  scope: CallScope,
  serve: (requests: AsyncIterable<Request>, answers: Answers<Answer>, caller: Caller) => Promise<void>,
): handleBidiStreamingCall<Request, Answer> {
  return (call) => {
    const answers = new Answers<Answer>(call, scope.closing);
    const requests = requestsOf<Request>(call, answers.ended);
    const serving = async (): Promise<void> => serve(requests, answers, new Caller(scope.access, call.metadata));
    answers.settle(serving());
  };
}

/**
 * The requests up to the client's last one, or to the signal. A stream's own iterator will not do: it destroys the call where it
 * ends or an error is answered, and then no status goes out.
 */
async function* requestsOf<Request>(
  call: ServerReadableStream<Request, unknown>,
  ended?: AbortSignal,
): AsyncGenerator<Request, void> {
  while (!call.readableEnded && !call.destroyed && !ended?.aborted) {
    const request = call.read() as Request | null;
    if (request === null) await change(call, ended);
    else yield request;
  }
}

/** Resolves when there may be something to read, or nothing more. */
function change(call: Readable, ended?: AbortSignal): Promise<void> {
  const events = ['readable', 'end', 'close'];
  return new Promise((resolve) => {
    const changed = (): void => {
      for (const event of events) call.off(event, changed);
      ended?.removeEventListener('abort', changed);
      resolve();
    };
    for (const event of events) call.on(event, changed);
    ended?.addEventListener('abort', changed);
    if (call.readableEnded || call.destroyed) changed();
  });
}

/**
 * What a client did not send to its end must not be taken for complete. Node ends the requests of a call that was cancelled as it
 * ends those that have all come, and tells of the cancellation some time later: the call is made to look now, as it does where it
 * is about to send something, and has told by the next turn. Node's own client even says that it has sent all before it cancels
 * at its deadline, which it keeps by its own clock: so what comes to its end that late is too late.
 */
async function* whole<Request>(call: ServerReadableStream<Request, unknown>): AsyncGenerator<Request, void> {
  yield* requestsOf(call);
  call.sendMetadata(new Metadata());
  await setImmediate();
  if (call.cancelled || !call.readableEnded) throw new FrontClosing();
  checkDeadline(call, LAST_MOMENTS_MS);
}

function checkDeadline(call: { getDeadline(): Deadline }, marginMs = 0): void {
  if (Date.now() + marginMs >= milliseconds(call.getDeadline())) throw new DeadlineExceeded();
}

function milliseconds(deadline: Deadline): number {
  return deadline instanceof Date ? deadline.getTime() : deadline;
}
