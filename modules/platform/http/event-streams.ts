import { Readable } from 'node:stream';
import { Injectable } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Metrics } from '../observability/metrics.js';

/** A message of `text/event-stream` (HTML Standard, section 9.2). Its id is what a client that comes back sends as `Last-Event-ID`. */
export interface StreamMessage {
  readonly id?: string;
  readonly event?: string;
  readonly data: unknown;
}

/** Milliseconds between two signs of life, so that nothing on the way takes the connection for dead. */
const HEARTBEAT_MS = 15_000;

/** Server-sent events: answers that go on until the client leaves, nothing more comes, or the server is about to end. */
@Injectable()
export class EventStreams {
  readonly #open = new Set<AbortController>();
  #closed = false;

  constructor(metrics: Metrics) {
    metrics.gauge('event_streams', 'Answers of server-sent events that go on.', () => this.#open.size);
  }

  /**
   * Answers with the messages, one at a time as the client takes them. They must end at the signal, which fires when the client
   * leaves or the server ends.
   */
  answer(reply: FastifyReply, messages: (signal: AbortSignal) => AsyncIterable<StreamMessage>): Readable {
    const leaving = new AbortController();
    this.#open.add(leaving);
    reply.raw.once('close', () => {
      this.#open.delete(leaving);
      leaving.abort();
    });
    if (this.#closed) leaving.abort();
    // A connection that would be kept for more requests kept the server from ending.
    reply.header('content-type', 'text/event-stream; charset=utf-8').header('cache-control', 'no-store');
    reply.header('connection', 'close');
    return Readable.from(textOf(messages(leaving.signal)), { highWaterMark: 1 });
  }

  /** Ends all of them, now and from now on. */
  close(): void {
    this.#closed = true;
    for (const leaving of this.#open) leaving.abort();
  }
}

async function* textOf(messages: AsyncIterable<StreamMessage>): AsyncGenerator<string> {
  const iterator = messages[Symbol.asyncIterator]();
  try {
    for (let next = iterator.next(); ;) {
      const result = await beforeHeartbeat(next);
      if (result?.done) return;
      yield result ? encoded(result.value) : ':\n\n';
      if (result) next = iterator.next();
    }
  } finally {
    await iterator.return?.();
  }
}

/** Undefined where it takes longer than a heartbeat may. */
async function beforeHeartbeat<T>(next: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const heartbeat = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), HEARTBEAT_MS);
  });
  try {
    return await Promise.race([next, heartbeat]);
  } finally {
    clearTimeout(timer);
  }
}

/** JSON has no line breaks outside of its strings, where they are escaped: one line of data is enough. */
function encoded({ id, event, data }: StreamMessage): string {
  return [
    ...(event === undefined ? [] : [`event: ${event}`]),
    ...(id === undefined ? [] : [`id: ${id}`]),
    `data: ${JSON.stringify(data)}`,
    '\n',
  ].join('\n');
}
