import { Logger, type LoggerService } from '@nestjs/common';
import { systemClock, type Clock } from '#kernel/clock';
import { comparePositions, START, type Position } from '#kernel/event';
import type { Projection } from '#kernel/projection';
import type { AllSlice, EventStore } from '../event-store/event-store.port.js';
import { CheckpointMoved } from '../read-store/read-store.errors.js';
import type { Checkpoint, ReadStore, Write } from '../read-store/read-store.port.js';
import { clearReadModel } from './clear-read-model.js';
import { eventPages } from './event-pages.js';
import { PageProjector } from './page-projector.js';
import { parkedEvents } from './parked-events.js';
import type { ProjectionStatus } from './projection-status.js';
import { replayKey } from './replay-key.js';
import { backoff, patient, type RetryPolicy } from './retry-policy.js';

export interface RunnerOptions {
  /** Most events folded into one write; default 5,000. */
  readonly pageSize?: number;
  readonly retry?: RetryPolicy;
  readonly clock?: Clock;
  readonly logger?: Pick<LoggerService, 'log' | 'warn'>;
}

/** A checkpoint that only skips ignored events is stored at most so often. */
const SKIP_EVERY_MS = 1_000;

/**
 * Keeps one projection's read model up to date: reads the global order in pages and writes each page's documents together with
 * the checkpoint, all or nothing. Hence a kill at any moment loses no event and applies none twice.
 */
export class ProjectionRunner {
  readonly #stop = new AbortController();
  readonly #pages: PageProjector;
  readonly #pageSize: number;
  readonly #retry: RetryPolicy;
  readonly #clock: Clock;
  readonly #logger: Pick<LoggerService, 'log' | 'warn'>;

  #state: ProjectionStatus['state'] = 'stopped';
  #error: string | undefined;
  /** As stored; `#position` may be ahead of it by events that do not matter here. */
  #checkpoint: Checkpoint | null = null;
  #position: Position = START;
  #writtenAt = 0;
  #parkedKeys = 0;
  #failures = 0;
  #running: Promise<void> | undefined;
  /** Loading, pages and replays take turns. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(
    readonly projection: Projection<object>,
    private readonly events: EventStore,
    private readonly documents: ReadStore,
    options: RunnerOptions = {},
  ) {
    this.#pageSize = options.pageSize ?? 5_000;
    this.#retry = options.retry ?? patient;
    this.#clock = options.clock ?? systemClock;
    this.#logger = options.logger ?? new Logger(`Projection ${projection.name}`);
    this.#pages = new PageProjector(projection, documents, this.#retry, this.#clock);
  }

  /** Starts in the background; resolves when the read model may be queried. Rejects where the read store does. */
  async start(): Promise<void> {
    await this.documents.define(this.projection.readModel);
    await this.documents.define(parkedEvents);
    this.#running ??= this.#run();
  }

  /** Finishes the page under way. The runner cannot be started again. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  /** Rejects with `StoreUnavailable` where the event store cannot tell the lag. */
  async status(): Promise<ProjectionStatus> {
    return {
      name: this.projection.name,
      version: this.projection.version,
      state: this.#state,
      position: this.#position,
      lagSeconds: await this.#lag(),
      parkedKeys: this.#parkedKeys,
      ...(this.#error === undefined ? {} : { error: this.#error }),
    };
  }

  /**
   * Replays a parked key from the event that failed up to where the projection is, and lets it go on from there. False where the
   * key is not parked. Rejects, and leaves the key parked, where the projection still throws.
   */
  release(key: string): Promise<boolean> {
    return this.#inTurn(async () => {
      const writes = await replayKey(this.projection, key, this.#position, this.events, this.documents);
      if (!writes) return false;
      await this.#write(writes, this.#position);
      this.#parkedKeys--;
      return true;
    });
  }

  async #run(): Promise<void> {
    this.#state = 'catching-up';
    while (!this.#stop.signal.aborted) {
      try {
        await this.#inTurn(() => this.#load());
        for await (const page of this.#readOn()) await this.#inTurn(() => this.#project(page));
        await this.#write([], this.#position);
      } catch (error) {
        if (!this.#stop.signal.aborted) await this.#recover(error);
      }
    }
    this.#state = 'stopped';
  }

  async #load(): Promise<void> {
    const { name, version } = this.projection;
    this.#checkpoint = await this.documents.checkpoint(name);
    if (this.#checkpoint && this.#checkpoint.version !== version) {
      this.#logger.log(`Version ${version} follows ${this.#checkpoint.version}: the read model is built anew.`);
      await clearReadModel(this.projection, this.documents);
      await this.#write([], START);
    }
    this.#position = this.#checkpoint?.position ?? START;
    this.#parkedKeys = await this.documents.count(parkedEvents.name, { projection: name });
  }

  #readOn(): AsyncIterable<AllSlice> {
    const { signal } = this.#stop;
    return eventPages(this.events, this.#position, { filter: this.projection.filter, size: this.#pageSize, signal });
  }

  async #project(page: AllSlice): Promise<void> {
    const { events, position } = page;
    const someAreParked = this.#parkedKeys > 0;
    const { writes, parked } = await this.#pages.project(events, this.#position, someAreParked, this.#stop.signal);
    const skipped = this.#clock.now().getTime() - this.#writtenAt >= SKIP_EVERY_MS;
    if (writes.length > 0 || skipped) await this.#write(writes, position);
    this.#position = position;
    this.#parkedKeys += parked.length;
    for (const { key, event, error } of parked) {
      this.#error = error.message;
      this.#logger.warn(`Parked key ${JSON.stringify(key)} at event '${event.type}' (${event.id}): ${error.message}`);
    }
    this.#goesWell(page.end);
  }

  async #write(writes: readonly Write[], position: Position): Promise<void> {
    const { name, version } = this.projection;
    const from = this.#checkpoint;
    const to = { position, version };
    if (writes.length === 0 && from?.version === version && from.position === position) return;
    if (writes.length === 0 && !from && position === START) return;
    await this.documents.write(writes, { projection: name, from, to });
    this.#checkpoint = to;
    this.#writtenAt = this.#clock.now().getTime();
  }

  #goesWell(end: boolean): void {
    if (this.#state === 'failing') this.#error = undefined;
    if (end) this.#state = 'live';
    else if (this.#state === 'failing') this.#state = 'catching-up';
    this.#failures = 0;
  }

  /** A store that cannot answer now is waited for; what another runner did is taken over. */
  async #recover(error: unknown): Promise<void> {
    if (error instanceof CheckpointMoved) {
      this.#logger.log('Another runner of this projection is ahead; going on from where it is.');
      return;
    }
    this.#state = 'failing';
    this.#error = error instanceof Error ? error.message : String(error);
    const pause = backoff(++this.#failures);
    this.#logger.warn(`${this.#error} Trying again in ${pause} ms.`);
    await this.#retry.delay(pause, this.#stop.signal).catch(() => {}); // ended by stop()
  }

  async #lag(): Promise<number> {
    let position = this.#position;
    for (;;) {
      const slice = await this.events.readAll({ position, filter: this.projection.filter, limit: 1 });
      const [oldest] = slice.events;
      if (oldest) return Math.max(0, this.#clock.now().getTime() - Date.parse(oldest.recordedAt)) / 1_000;
      if (slice.end || comparePositions(slice.position, position) <= 0) return 0;
      position = slice.position;
    }
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => {}); // told to the caller
    return done;
  }
}
