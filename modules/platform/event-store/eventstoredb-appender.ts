import { comparePositions, type Position, START } from '#kernel/event';
import { StoreUnavailable, StreamDeleted, WrongExpectedRevision } from './event-store.errors.js';
import type { Appended } from './event-store.port.js';
import type { Answer, Append, BatchAppends } from './eventstoredb-batch.js';
import { AppendRejected, AppendTooLarge } from './eventstoredb-errors.js';
import { backOff } from './eventstoredb-patience.js';
import type { EventStoreDbReader } from './eventstoredb-reader.js';

/** So long an append whose answer was lost is settled or sent again. */
const PATIENCE_MS = 15_000;
/** Events that are compared at once when it is looked whether an append stands in its stream. */
const LOOK_BACK = 200;

/** An append on its way, and what is needed to settle it. */
interface Order extends Append {
  /** The last position known before it was sent: its own is beyond. */
  readonly known: Position;
  readonly until: number;
}

/**
 * Appends that are answered once and for all. They go out at once, one behind the other. Where an answer is lost, the appends to
 * that stream queue up behind it: each is looked for in the stream by its event ids, sent again where it does not stand there (the
 * server recognises the ids, should it come a second time), and given up only when the server stays away.
 */
export class Appender {
  readonly #queues = new Map<string, Promise<void>>();
  #open = 0;
  #idle: (() => void) | undefined;
  #known: Position = START;

  constructor(
    private readonly batch: BatchAppends,
    private readonly reader: EventStoreDbReader,
    private readonly server: string,
  ) {}

  /** The last position that this process was given. */
  get known(): Position {
    return this.#known;
  }

  get open(): number {
    return this.#open;
  }

  /** `before`: what must be known first; the answer where it turns out to be a repetition. Later appends to the stream wait for it. */
  async append(append: Append, before?: Promise<Appended | undefined>): Promise<Appended> {
    this.#open++;
    try {
      const order = { ...append, known: this.#known, until: performance.now() + PATIENCE_MS };
      const appended = await (before ? this.#queue(order, undefined, before) : this.#append(order));
      this.learn(appended.position);
      return appended;
    } finally {
      if (--this.#open === 0) this.#idle?.();
    }
  }

  learn(position: Position): void {
    if (comparePositions(position, this.#known) > 0) this.#known = position;
  }

  /** Resolves when every append is answered. */
  async finished(): Promise<void> {
    if (this.#open > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
  }

  #append(order: Order): Promise<Appended> {
    // The server takes `exists` where a stream has metadata only, so that it must be looked at first.
    if (order.expected === 'exists' || this.#queues.has(order.stream)) return this.#queue(order);
    return new Promise<Appended>((resolve) => {
      this.batch.send(order, (answer) => {
        // Nothing may come between here and the queue: the order of the appends to a stream hangs on it.
        resolve(answer.kind === 'unsettled' ? this.#queue(order, answer.reason) : this.#conclude(order, answer));
      });
    });
  }

  #queue(order: Order, lost?: unknown, prepared?: Promise<Appended | undefined>): Promise<Appended> {
    const before = this.#queues.get(order.stream) ?? this.batch.idle(order.stream);
    // It may fail before its turn comes.
    prepared?.catch(() => undefined);
    const result = before.then(async () => (await prepared) ?? this.#patiently(order, lost));
    const done = result.then(
      () => undefined,
      () => undefined,
    );
    this.#queues.set(order.stream, done);
    void done.then(() => {
      if (this.#queues.get(order.stream) === done) this.#queues.delete(order.stream);
    });
    return result;
  }

  async #patiently(order: Order, lost: unknown): Promise<Appended> {
    let reason = lost;
    for (let failures = 0; ; failures++) {
      try {
        const standing = reason !== undefined && (await this.standing(order));
        if (standing) return standing;
        if (order.expected === 'exists' && !(await this.#exists(order.stream))) throw refused(order, -1);
        const answer = await new Promise<Answer>((resolve) => this.batch.send(order, resolve));
        // From here on it may stand in the stream.
        reason = answer.kind === 'unsettled' ? answer.reason : (reason ?? 'sent');
        if (answer.kind !== 'unsettled') return await this.#conclude(order, answer);
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) throw error;
        if (performance.now() > order.until) throw error;
      }
      if (performance.now() > order.until) throw this.#givenUp(reason);
      await backOff(failures);
    }
  }

  async #conclude(order: Order, answer: Exclude<Answer, { kind: 'unsettled' }>): Promise<Appended> {
    switch (answer.kind) {
      case 'appended': {
        const { revision, position } = answer;
        // What is not beyond everything known was there before, and then servers answer with other positions or none.
        if (position !== undefined && comparePositions(position, order.known) > 0) return { revision, position };
        return { revision, position: await this.#positionOf(order.stream, revision) };
      }
      case 'refused': {
        // After a soft deletion `none` begins where the stream ended, which only we count as the expected place.
        const standing = order.expected === 'none' ? await this.standing(order) : undefined;
        if (standing) return standing;
        throw refused(order, (await this.#exists(order.stream)) ? answer.current : -1);
      }
      case 'deleted':
        // The server says the same of a soft deletion where the stream is expected to exist.
        if (order.expected === 'exists' && !(await this.#exists(order.stream))) throw refused(order, -1);
        throw new StreamDeleted(order.stream);
      case 'too-large':
        throw new AppendTooLarge(order.stream, answer.limit);
      case 'rejected':
        throw new AppendRejected(this.server, answer);
    }
  }

  async #positionOf(stream: string, revision: number): Promise<Position> {
    const page = await this.reader.page(stream, { from: revision, count: 1 });
    const [event] = page?.events ?? [];
    // Its stream hides it already: it is there, not beyond the last event. Subscribers wait for it, so it must be one that they see.
    return event?.revision === revision ? event.position : this.reader.head({ ordinary: true });
  }

  async #exists(stream: string): Promise<boolean> {
    return (await this.reader.page(stream, { backwards: true, count: 1 })) !== undefined;
  }

  /** The answer to the append where its events stand in the stream; for `any`, where they came there after `known`. */
  async standing(append: Append & { readonly known: Position }): Promise<Appended | undefined> {
    const { stream, expected, events } = append;
    if (expected === 'any' || expected === 'exists') return this.#standingSince(append);
    // `none` begins where the visible part does: after a soft deletion that is not revision 0.
    const from = expected === 'none' ? undefined : expected + 1;
    const { events: found } = await this.reader.stream(stream, { from, limit: events.length });
    const last = found.at(-1);
    if (!last || found.length < events.length || found.some(({ id }, i) => id !== events[i]!.id)) return undefined;
    return { revision: last.revision, position: last.position };
  }

  /** Looks back through what was appended to the stream since the append was sent. */
  async #standingSince({
    stream,
    events,
    known,
  }: Append & { readonly known: Position }): Promise<Appended | undefined> {
    const { id } = events.at(-1)!;
    for (let from: number | undefined; from === undefined || from >= 0;) {
      const page = await this.reader.page(stream, { from, backwards: true, count: LOOK_BACK });
      for (const event of page?.events ?? []) {
        if (event.id === id) return { revision: event.revision, position: event.position };
        if (comparePositions(event.position, known) <= 0) return undefined;
        from = event.revision - 1;
      }
      if (!page || page.exhausted) return undefined;
    }
    return undefined;
  }

  #givenUp(reason: unknown): StoreUnavailable {
    const words = reason instanceof Error ? reason.message : 'no answer';
    return new StoreUnavailable(
      `The event store at ${this.server} did not answer an append for ${PATIENCE_MS / 1_000} seconds (${words}). It may have been carried out: repeat it with the same event ids.`,
      { cause: reason },
    );
  }
}

function refused({ stream, expected }: Order, actual: number): WrongExpectedRevision {
  return new WrongExpectedRevision(stream, expected, actual);
}
