import { Logger, type LoggerService } from '@nestjs/common';
import { systemClock, type Clock } from '#kernel/clock';
import { START, type Position } from '#kernel/event';
import type { Projection } from '#kernel/projection';
import type { AllSlice, EventStore } from '../event-store/event-store.port.js';
import { CheckpointMoved, LeaseLost } from '../read-store/read-store.errors.js';
import type { Checkpoint, ReadStore, Write } from '../read-store/read-store.port.js';
import { emptyReadModel } from './empty-read-model.js';
import { EventOrigin, eventOrigins } from './event-origin.js';
import { eventPages } from './event-pages.js';
import { lagAfter } from './lag.js';
import type { Leases } from './leases.js';
import { PageProjector } from './page-projector.js';
import { parkedEvents } from './parked-events.js';
import { ProjectionElsewhere } from './projecting.errors.js';
import { statusElsewhere } from './observed-projections.js';
import type { ProjectionStatus } from './projection-status.js';
import { replayKey } from './replay-key.js';
import { backoff, patient, type RetryPolicy } from './retry-policy.js';
import type { Tenure } from './tenure.js';

export interface RunnerOptions {
  /** Most events folded into one write; default 5,000. */
  readonly pageSize?: number;
  readonly retry?: RetryPolicy;
  readonly clock?: Clock;
  /** Runs only while the projection's lease is held; without it nobody else may run the projection. */
  readonly leases?: Leases;
  readonly logger?: Pick<LoggerService, 'log' | 'warn'>;
}

/** A checkpoint that only skips ignored events is stored at most so often. */
const SKIP_EVERY_MS = 1_000;

/**
 * Keeps one projection's read model up to date: reads the global order in pages and writes each page's documents together with
 * the checkpoint, all or nothing; where the store cannot do that, each document with the position of its last event. Hence
 * a kill at any moment loses no event and applies none twice. Of many processes, the one with the lease does the work.
 */
export class ProjectionRunner {
  readonly #stop = new AbortController();
  readonly #pages: PageProjector;
  readonly #origin: EventOrigin;
  readonly #pageSize: number;
  readonly #retry: RetryPolicy;
  readonly #clock: Clock;
  readonly #logger: Pick<LoggerService, 'log' | 'warn'>;

  #state: ProjectionStatus['state'] = 'stopped';
  /** Undefined where no lease is needed; `#signal` fires when this process must leave the projection alone. */
  #tenure: Tenure | undefined;
  #signal = this.#stop.signal;
  #error: string | undefined;
  /** As stored; `#position` may be ahead of it by events that do not matter here. */
  #checkpoint: Checkpoint | null = null;
  #position: Position = START;
  #writtenAt = 0;
  #parkedKeys = 0;
  #failures = 0;
  #running: Promise<void> | undefined;
  #storing = false;
  /** Loading, pages and replays take turns. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(
    readonly projection: Projection<object>,
    private readonly events: EventStore,
    private readonly documents: ReadStore,
    private readonly options: RunnerOptions = {},
  ) {
    this.#pageSize = options.pageSize ?? 5_000;
    this.#retry = options.retry ?? patient;
    this.#clock = options.clock ?? systemClock;
    this.#logger = options.logger ?? new Logger(`Projection ${projection.name}`);
    this.#pages = new PageProjector(projection, documents, this.#retry, this.#clock);
    this.#origin = new EventOrigin(projection.name, events, documents);
  }

  /** Starts in the background; resolves when the read model may be queried. Rejects where the read store does. */
  async start(): Promise<void> {
    await this.documents.define(this.projection.readModel);
    await this.documents.define(parkedEvents);
    await this.documents.define(eventOrigins);
    this.#running ??= this.#run();
  }

  /** Finishes the page under way. The runner cannot be started again. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  /** Rejects with `StoreUnavailable` where the event store cannot tell the lag. */
  async status(): Promise<ProjectionStatus> {
    if (this.#state === 'elsewhere') {
      return statusElsewhere(this.projection, this.events, this.documents, this.#clock);
    }
    const { seconds } = await lagAfter(this.#position, this.projection, this.events, this.#clock);
    return {
      name: this.projection.name,
      version: this.projection.version,
      state: this.#state,
      position: this.#position,
      lagSeconds: seconds,
      parkedKeys: this.#parkedKeys,
      ...(this.#error === undefined ? {} : { error: this.#error }),
    };
  }

  /**
   * Replays a parked key from the event that failed up to where the projection is, and lets it go on from there. False where the
   * key is not parked. Rejects, and leaves the key parked, where the projection still throws; with `ProjectionElsewhere` where
   * another process runs it.
   */
  release(key: string): Promise<boolean> {
    return this.#inTurn(async () => {
      if (!this.#isOwner) throw new ProjectionElsewhere(this.projection.name);
      const writes = await replayKey(this.projection, key, this.#position, this.events, this.documents);
      if (!writes) return false;
      await this.#write(writes, this.#position);
      this.#parkedKeys--;
      return true;
    });
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        this.#tenure = this.options.leases && (await this.#acquire(this.options.leases));
        await this.#serve();
        await this.#tenure?.release();
        this.#tenure = undefined;
      } catch (error) {
        if (!signal.aborted) await this.#recover(error);
      }
    }
    this.#state = 'stopped';
  }

  async #acquire(leases: Leases): Promise<Tenure | undefined> {
    this.#signal = this.#stop.signal;
    this.#state = 'elsewhere';
    const tenure = await leases.acquire(this.projection.name, this.#signal);
    if (tenure) this.#signal = AbortSignal.any([this.#stop.signal, tenure.lost]);
    return tenure;
  }

  /** Does the work until this process is stopped or loses the lease. */
  async #serve(): Promise<void> {
    const signal = this.#signal;
    const paging = { filter: this.projection.filter, size: this.#pageSize };
    if (!signal.aborted) this.#state = 'catching-up';
    while (!signal.aborted) {
      try {
        await this.#inTurn(() => this.#load());
        const pages = eventPages(this.events, this.#position, { ...paging, signal });
        for await (const page of pages) await this.#inTurn(() => this.#project(page));
        if (this.#isOwner) await this.#write([], this.#position);
      } catch (error) {
        if (error instanceof LeaseLost) this.#tenure?.lose();
        if (!signal.aborted) await this.#recover(error);
      }
    }
    if (!this.#stop.signal.aborted) this.#logger.warn('The lease is lost: another process may go on from here.');
  }

  async #load(): Promise<void> {
    const { name } = this.projection;
    this.#checkpoint = await this.documents.checkpoint(name);
    if (this.#checkpoint) await this.#checkReadModel(this.#checkpoint);
    this.#position = this.#checkpoint?.position ?? START;
    this.#parkedKeys = await this.documents.count(parkedEvents.name, { projection: name });
  }

  /** Builds the read model anew where it has been made by another version, or of another store's events. */
  async #checkReadModel(checkpoint: Checkpoint): Promise<void> {
    const { version } = this.projection;
    const isAnother = await this.#origin.isAnother();
    if (!isAnother && checkpoint.version === version) return;
    const why = isAnother ? 'The event store is another one' : `Version ${version} follows ${checkpoint.version}`;
    this.#logger.log(`${why}: the read model is built anew.`);
    await emptyReadModel(this.projection, this.documents, (writes) => this.#advance(writes, checkpoint));
    await this.#advance([this.#origin.forget()], { position: START, version });
  }

  async #project(page: AllSlice): Promise<void> {
    const { events, position } = page;
    const someAreParked = this.#parkedKeys > 0;
    const { writes, parked } = await this.#pages.project(events, this.#position, someAreParked, this.#signal);
    const isDue = this.#clock.now().getTime() - this.#writtenAt >= SKIP_EVERY_MS;
    if (writes.length > 0 || isDue) await this.#write([...writes, ...(await this.#origin.record())], position);
    else if (this.options.leases) this.#storeSoon();
    this.#position = position;
    this.#parkedKeys += parked.length;
    for (const { key, event, error } of parked) {
      this.#error = error.message;
      this.#logger.warn(`Parked key ${JSON.stringify(key)} at event '${event.type}' (${event.id}): ${error.message}`);
    }
    this.#goesWell(page.end);
  }

  /** Other processes tell the lag by the stored checkpoint, which must not stay behind where nothing follows the skipped events. */
  #storeSoon(): void {
    if (this.#storing) return;
    this.#storing = true;
    void this.#retry
      .delay(SKIP_EVERY_MS, this.#signal)
      .then(() => this.#inTurn(() => this.#write([], this.#position)))
      .catch(() => {}) // the next page's write meets the same failure
      .finally(() => (this.#storing = false));
  }

  async #write(writes: readonly Write[], position: Position): Promise<void> {
    const { version } = this.projection;
    const from = this.#checkpoint ?? { position: START, version };
    if (writes.length === 0 && from.version === version && from.position === position) return;
    await this.#advance(writes, { position, version });
  }

  async #advance(writes: readonly Write[], to: Checkpoint): Promise<void> {
    const { name } = this.projection;
    const { token } = this.#tenure ?? {};
    if (!this.#isOwner) throw new LeaseLost(name, token ?? 0);
    await this.documents.write(writes, { projection: name, from: this.#checkpoint, to, token });
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
    await this.#retry.delay(pause, this.#signal).catch(() => {}); // ended by the signal
  }

  /** Whether this process may write: alone, or with the lease. */
  get #isOwner(): boolean {
    return !this.options.leases || (this.#tenure?.holds ?? false);
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => {}); // told to the caller
    return done;
  }
}
