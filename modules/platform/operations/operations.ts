import { systemClock, type Clock } from '#kernel/clock';
import { systemIds, type Ids } from '#kernel/ids';
import type { JsonObject } from '#kernel/json';
import type { PageOf } from '../http/paging.js';
import { Movement } from '../projecting/waiting/movement.js';
import type { Filter, ReadStore } from '../read-store/read-store.port.js';
import { OperationEnded, OperationNotFound, OperationNotStopped } from './operation.errors.js';
import { hasEnded, operations, operationWishes, resumed, type Operation, type OperationWish } from './operation.js';

/** Milliseconds between two looks at an operation that may be another process's. */
const LOOK_EVERY_MS = 500;

/** Asks for long work, and tells how it is going; workers in this process or in others carry it out. */
export class Operations {
  /** Tells the worker in this process, if there is one, that something was asked for. */
  readonly asked = new Movement();
  /** Tells those who wait that an operation is further on. */
  readonly moved = new Movement();
  #defined: Promise<void> | undefined;

  constructor(
    private readonly documents: ReadStore,
    private readonly clock: Clock = systemClock,
    private readonly ids: Ids = systemIds,
  ) {}

  /** Must have been called before anything else reads what is stored. */
  define(): Promise<void> {
    this.#defined ??= Promise.all([this.documents.define(operations), this.documents.define(operationWishes)]).then(
      () => {},
      (error: unknown) => {
        this.#defined = undefined;
        throw error;
      },
    );
    return this.#defined;
  }

  /** Resolves when the wish is durable; the work begins by itself. */
  async request(kind: string, request: JsonObject, id = this.ids.next()): Promise<Operation> {
    await this.define();
    const none = {
      total: null,
      rate: null,
      secondsLeft: null,
      startedAt: null,
      endedAt: null,
      result: null,
      error: null,
    };
    const requestedAt = this.clock.now().toISOString();
    const operation: Operation = { id, kind, request, state: 'pending', done: 0, requestedAt, ...none };
    await this.documents.write([{ collection: operations.name, id, document: operation }]);
    this.asked.tell();
    return operation;
  }

  /** Rejects with OperationNotFound. */
  async get(id: string): Promise<Operation> {
    await this.define();
    const found = await this.documents.get<Operation>(operations.name, id);
    if (!found) throw new OperationNotFound(id);
    if (found.state !== 'cancelled' && found.state !== 'failed') return found;
    // Who was told that it goes on must not be told that it has ended, before a worker has seen the wish.
    const { items } = await this.documents.query<OperationWish>(operationWishes.name, { filter: { operation: id } });
    return items.at(-1)?.document.wish === 'resume' ? resumed(found) : found;
  }

  /** The newest first. */
  async list(limit: number, cursor?: string, filter: Filter = {}): Promise<PageOf<Operation>> {
    await this.define();
    const page = await this.documents.query<Operation>(operations.name, {
      filter,
      sort: { requestedAt: -1 },
      limit,
      ...(cursor === undefined ? {} : { cursor }),
    });
    return { items: page.items.map(({ document }) => document), ...(page.next !== undefined && { next: page.next }) };
  }

  /** Those of a kind that are pending or running. */
  async active(kind: string): Promise<readonly Operation[]> {
    const { items } = await this.list(1_000, undefined, { kind, state: { $in: ['pending', 'running'] } });
    return items;
  }

  /** Rejects with OperationNotFound, and with OperationEnded where it is done or has failed. */
  async cancel(id: string): Promise<Operation> {
    const operation = await this.get(id);
    if (operation.state === 'done' || operation.state === 'failed') throw new OperationEnded(id, operation.state);
    if (operation.state !== 'cancelled') await this.#wish(id, 'cancel');
    return operation;
  }

  /** Rejects with OperationNotFound and OperationNotStopped. */
  async resume(id: string): Promise<Operation> {
    const operation = await this.get(id);
    const isStopped = operation.state === 'cancelled' || operation.state === 'failed';
    if (!isStopped) throw new OperationNotStopped(id, operation.state);
    await this.#wish(id, 'resume');
    return resumed(operation);
  }

  /** The operation as it is, then whenever it is further on, its end last. Ends without that where the signal fires. */
  async *progress(id: string, signal: AbortSignal): AsyncGenerator<Operation> {
    const leaving = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    let seen = '';
    while (!signal.aborted) {
      const moved = this.moved.next();
      const operation = await this.get(id);
      const text = JSON.stringify(operation);
      if (text !== seen) yield operation;
      seen = text;
      if (hasEnded(operation) || signal.aborted) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, LOOK_EVERY_MS);
        void Promise.race([moved, leaving]).then(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  async #wish(operation: string, wish: OperationWish['wish']): Promise<void> {
    const document: OperationWish = { operation, wish };
    await this.documents.write([{ collection: operationWishes.name, id: this.ids.next(), document }]);
    this.asked.tell();
  }
}
