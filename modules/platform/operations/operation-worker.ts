import { Logger, type LoggerService } from '@nestjs/common';
import { systemClock, type Clock } from '#kernel/clock';
import { DomainError } from '#kernel/errors';
import type { JsonObject } from '#kernel/json';
import type { Leases } from '../projecting/leases.js';
import { OwnCheckpoint } from '../projecting/own-checkpoint.js';
import { backoff } from '../projecting/retry-policy.js';
import { systemStopwatch, type Stopwatch } from '../projecting/stopwatch.js';
import { CheckpointMoved, LeaseLost } from '../read-store/read-store.errors.js';
import type { ReadStore, Write } from '../read-store/read-store.port.js';
import { OperationRun } from './operation-run.js';
import { hasEnded, operations, operationWishes, resumed, type Operation, type OperationWish } from './operation.js';
import type { Operations } from './operations.js';

/** Carries out one kind of work. What it rejects with is why it failed; what a later attempt can mend is tried again. */
export type OperationHandler = (operation: Operation, run: OperationRun) => Promise<JsonObject>;

export interface OperationWorkerOptions {
  /** Needed where other processes work, too: then one of them carries out all operations. */
  readonly leases?: Leases;
  readonly clock?: Clock;
  readonly stopwatch?: Stopwatch;
  readonly logger?: Pick<LoggerService, 'log' | 'warn'>;
}

/** Under this name the work has its lease. */
const LEASE = 'operations';
/** Operations that are carried out at once. */
const AT_ONCE = 4;
/** Milliseconds that a handler has to stop before others get their turn. */
const PATIENCE_MS = 2_000;
/** Milliseconds that what has ended is told of: a month. It goes at the next start of a worker. */
const KEPT_MS = 30 * 86_400_000;
/** Milliseconds between two looks at what other processes asked for. */
const LOOK_EVERY_MS = 1_000;

/**
 * Carries out operations, also those that a killed process was at: a handler finds by itself where it was. Stopped, it leaves them
 * running, for the next worker.
 */
export class OperationWorker {
  readonly #handlers = new Map<string, OperationHandler>();
  readonly #runs = new Map<string, OperationRun>();
  readonly #stop = new AbortController();
  readonly #clock: Clock;
  readonly #stopwatch: Stopwatch;
  readonly #logger: Pick<LoggerService, 'log' | 'warn'>;
  #saving: Promise<unknown> = Promise.resolve();
  #working: Promise<void> | undefined;

  constructor(
    private readonly asked: Operations,
    private readonly documents: ReadStore,
    private readonly options: OperationWorkerOptions = {},
  ) {
    this.#clock = options.clock ?? systemClock;
    this.#stopwatch = options.stopwatch ?? systemStopwatch;
    this.#logger = options.logger ?? new Logger('Operations');
  }

  /** How many are being carried out here. */
  get running(): number {
    return this.#runs.size;
  }

  /** Before the start. */
  handle(kind: string, handler: OperationHandler): void {
    this.#handlers.set(kind, handler);
  }

  async start(): Promise<void> {
    await this.asked.define();
    this.#working ??= this.#work();
  }

  /** Lets go of everything; what was done of it is kept. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.asked.asked.tell();
    await this.#working;
  }

  async #work(): Promise<void> {
    const { signal } = this.#stop;
    for (let failures = 0; !signal.aborted;) {
      try {
        const tenure = await this.options.leases?.acquire(LEASE, signal);
        if (signal.aborted) return await tenure?.release();
        try {
          await this.#serve(new OwnCheckpoint(LEASE, this.documents, tenure), tenure?.lost);
        } finally {
          await tenure?.release();
        }
        failures = 0;
      } catch (error) {
        this.#logger.warn(`Operations wait: ${(error as Error).message}`);
        await this.#stopwatch.wait(backoff(++failures), signal);
      }
    }
  }

  /** Until this process is stopped or loses the lease. */
  async #serve(own: OwnCheckpoint, lost?: AbortSignal): Promise<void> {
    const signal = lost ? AbortSignal.any([this.#stop.signal, lost]) : this.#stop.signal;
    await own.load();
    await this.#forgetOld(own);
    try {
      while (!signal.aborted) {
        const asked = this.asked.asked.next();
        await this.#fulfil(own);
        await this.#begin(own, signal);
        const waiting = new AbortController();
        await Promise.race([asked, this.#stopwatch.wait(LOOK_EVERY_MS, AbortSignal.any([signal, waiting.signal]))]);
        waiting.abort();
      }
    } finally {
      for (const run of this.#runs.values()) run.interrupt();
      await Promise.all([...this.#runs.values()].map((run) => run.ended));
    }
  }

  async #forgetOld(own: OwnCheckpoint): Promise<void> {
    const before = new Date(this.#clock.now().getTime() - KEPT_MS).toISOString();
    const { items } = await this.documents.query(operations.name, {
      filter: { endedAt: { $lt: before } },
      limit: 1_000,
    });
    if (items.length === 0) return;
    await this.#save(
      own,
      items.map(({ id }) => ({ collection: operations.name, id, document: null })),
    );
  }

  /** Does what was wished, in order. */
  async #fulfil(own: OwnCheckpoint): Promise<void> {
    const { items } = await this.documents.query<OperationWish>(operationWishes.name, { limit: 100 });
    for (const { id, document } of items) {
      const operation = await this.documents.get<Operation>(operations.name, document.operation);
      if (operation) await this.#grant(own, operation, document.wish);
      await this.#save(own, [{ collection: operationWishes.name, id, document: null }]);
    }
  }

  async #grant(own: OwnCheckpoint, operation: Operation, wish: OperationWish['wish']): Promise<void> {
    const run = this.#runs.get(operation.id);
    if (wish === 'cancel' && run) {
      run.cancel();
      // What is about to be done comes to its end instead; it is not waited for.
      const waiting = new AbortController();
      await Promise.race([run.ended, this.#stopwatch.wait(PATIENCE_MS, waiting.signal)]);
      waiting.abort();
    } else if (wish === 'cancel' && !hasEnded(operation)) {
      await this.#put(own, { ...operation, state: 'cancelled', endedAt: this.#clock.now().toISOString() });
    } else if (wish === 'resume' && (operation.state === 'cancelled' || operation.state === 'failed')) {
      await this.#put(own, resumed(operation));
    }
  }

  async #begin(own: OwnCheckpoint, signal: AbortSignal): Promise<void> {
    if (this.#runs.size >= AT_ONCE) return;
    const { items } = await this.documents.query<Operation>(operations.name, {
      filter: { state: { $in: ['pending', 'running'] } },
      sort: { requestedAt: 1 },
      limit: 100,
    });
    for (const { document } of items) {
      if (this.#runs.size >= AT_ONCE || signal.aborted) return;
      // What only another version knows is left to it.
      if (this.#handlers.has(document.kind) && !this.#runs.has(document.id)) await this.#run(own, document);
    }
  }

  async #run(own: OwnCheckpoint, found: Operation): Promise<void> {
    const startedAt = found.startedAt ?? this.#clock.now().toISOString();
    const operation: Operation = { ...found, state: 'running', startedAt };
    await this.#put(own, operation);
    const run = new OperationRun(operation, this.#stopwatch, (changed) => this.#put(own, changed));
    this.#runs.set(operation.id, run);
    this.#logger.log(`The operation ${operation.id} (${operation.kind}) runs.`);
    run.ended = this.#carryOut(own, operation, run).finally(() => {
      this.#runs.delete(operation.id);
      this.asked.asked.tell();
    });
  }

  async #carryOut(own: OwnCheckpoint, operation: Operation, run: OperationRun): Promise<void> {
    const end = (change: Partial<Operation>): Promise<void> => {
      const endedAt = this.#clock.now().toISOString();
      return this.#put(own, { ...run.operation, rate: null, secondsLeft: null, endedAt, error: null, ...change });
    };
    try {
      const result = await this.#tried(operation, run);
      await end({ state: 'done', result });
      this.#logger.log(`The operation ${operation.id} (${operation.kind}) is done.`);
    } catch (error) {
      if (run.isInterrupted) return;
      const change: Partial<Operation> = run.isCancelled
        ? { state: 'cancelled' }
        : { state: 'failed', error: (error as Error).message };
      if (!run.isCancelled) this.#logger.warn(`The operation ${operation.id} failed: ${(error as Error).message}`);
      await end(change).catch(() => {}); // whoever goes on later comes to the same end
    }
  }

  /** Again and again, as long as a later attempt may succeed. */
  async #tried(operation: Operation, run: OperationRun): Promise<JsonObject> {
    for (let failures = 0; ;) {
      try {
        return await this.#handlers.get(operation.kind)!(operation, run);
      } catch (error) {
        if (run.signal.aborted || !canBeMended(error)) throw error;
        await run.note((error as Error).message);
        await this.#stopwatch.wait(backoff(++failures), run.signal);
        run.signal.throwIfAborted();
      }
    }
  }

  async #put(own: OwnCheckpoint, operation: Operation): Promise<void> {
    await this.#save(own, [{ collection: operations.name, id: operation.id, document: operation }]);
    this.asked.moved.tell();
  }

  /** One after the other, each only while the work is this process's. */
  #save(own: OwnCheckpoint, writes: readonly Write[]): Promise<void> {
    const saved = this.#saving.then(() => own.write(writes));
    this.#saving = saved.catch(() => {}); // told to the caller
    return saved;
  }
}

function canBeMended(error: unknown): boolean {
  if (error instanceof CheckpointMoved || error instanceof LeaseLost) return true;
  return error instanceof DomainError && error.retryable;
}
