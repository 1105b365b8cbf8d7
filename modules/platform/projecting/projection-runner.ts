import { Logger, type LoggerService } from '@nestjs/common';
import { systemClock, type Clock } from '#kernel/clock';
import { START, type Position } from '#kernel/event';
import type { Projection } from '#kernel/projection';
import type { AllSlice, EventStore } from '../event-store/event-store.port.js';
import { CheckpointMoved, LeaseLost } from '../read-store/read-store.errors.js';
import type { ReadStore, Write } from '../read-store/read-store.port.js';
import { EventOrigin, eventOrigins } from './event-origin.js';
import { eventPages } from './event-pages.js';
import { lagAfter } from './lag.js';
import type { Leases } from './leases.js';
import { Movement } from './movement.js';
import { OwnCheckpoint } from './own-checkpoint.js';
import { PageProjector } from './page-projector.js';
import { parkedEvents, parkedKeyId } from './parked-events.js';
import { ProjectionElsewhere, ReadModelStale } from './projecting.errors.js';
import { statusElsewhere } from './observed-projections.js';
import type { ProjectionStatus } from './projection-status.js';
import { ProjectionWishes } from './projection-wishes.js';
import { replayParked, type ReplayOutcomes } from './replay-parked.js';
import { backoff, patient, type RetryPolicy } from './retry-policy.js';
import { runBuilds } from './run-builds.js';
import type { Stopwatch } from './stopwatch.js';
import { takeOverIfReady } from './take-over.js';
import { SkippingProjection } from './skipping-projection.js';
import type { Tenure } from './tenure.js';
import type { Progress } from './watched-projection.js';

export interface RunnerOptions {
  /** Most events folded into one write; default 5,000. */
  readonly pageSize?: number;
  readonly retry?: RetryPolicy;
  readonly clock?: Clock;
  /** Runs only while the projection's lease is held; without it nobody else may run the projection. */
  readonly leases?: Leases;
  readonly logger?: Pick<LoggerService, 'log' | 'warn'>;
  readonly stopwatch?: Stopwatch;
  /** Has the read model built anew beside the live one, which is out of date; default: the runner does that itself. */
  readonly rebuild?: (projection: string) => Promise<void>;
}

/** What a runner has to do until something changes. */
type Task = 'follow' | 'pause' | 'build' | 'wait';

/** A checkpoint that only skips ignored events is stored at most so often. */
const SKIP_EVERY_MS = 1_000;

/**
 * Keeps one projection's read model up to date: reads the global order in pages and writes each page's documents together with
 * the checkpoint, all or nothing; where the store cannot do that, each document with the position of its last event. Hence
 * a kill at any moment loses no event and applies none twice. Of many processes, the one with the lease does the work.
 *
 * A read model of another version, or of another store's events, goes on answering as it is until a new one has been built beside it
 * and takes its place; and so does a good one that somebody has built anew.
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
  /** `#position` may be ahead of it by events that do not matter here. */
  #checkpoint: OwnCheckpoint;
  #position: Position = START;
  #writtenAt = 0;
  #parkedKeys = 0;
  #parkedEver = 0;
  #failures = 0;
  #running: Promise<void> | undefined;
  #storing = false;
  /** Ends what the runner does at this moment, so that it looks what there is to do now. */
  #round = new AbortController();
  readonly #wishes: ProjectionWishes;
  /** The read model is not this version's, or not this event store's: nothing may be written to it. */
  #stale = false;
  /** Loading, pages and replays take turns. */
  #turn: Promise<unknown> = Promise.resolve();
  /** Tells those who wait for the read model whenever `progress` may have changed. */
  readonly movement = new Movement();

  /** Passes over what was skipped. */
  readonly projection: SkippingProjection;

  constructor(
    projection: Projection<object>,
    private readonly events: EventStore,
    private readonly documents: ReadStore,
    private readonly options: RunnerOptions = {},
  ) {
    this.projection = SkippingProjection.of(projection, events);
    this.#pageSize = options.pageSize ?? 5_000;
    this.#retry = options.retry ?? patient;
    this.#clock = options.clock ?? systemClock;
    this.#logger = options.logger ?? new Logger(`Projection ${projection.name}`);
    this.#pages = new PageProjector(this.projection, documents, this.#retry, this.#clock);
    this.#checkpoint = new OwnCheckpoint(projection.name, documents);
    this.#wishes = new ProjectionWishes(projection, documents, options.stopwatch);
    this.#origin = new EventOrigin(projection.name, events, documents);
  }

  /** Starts in the background; resolves when the read model may be queried. Rejects where the read store does. */
  async start(): Promise<void> {
    await this.documents.define(this.projection.readModel);
    await this.documents.define(parkedEvents);
    await this.documents.define(eventOrigins);
    await this.#wishes.define();
    this.#running ??= this.#run();
  }

  /** Finishes the page under way. The runner cannot be started again. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  /** How far the read model is that queries see; where the state is `elsewhere`, only the stored checkpoint knows. */
  get progress(): Progress {
    return {
      position: this.#position,
      state: this.#state,
      ...(this.#error === undefined ? {} : { error: this.#error }),
    };
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
      parkedEver: this.#parkedEver,
      ...(this.#error === undefined ? {} : { error: this.#error }),
    };
  }

  /**
   * Replays a parked key from the event that failed up to where the projection is, and lets it go on from there. False where the
   * key is not parked. Rejects, and leaves the key parked, where the projection still throws; with `ProjectionElsewhere` where
   * another process runs it.
   */
  async release(key: string): Promise<boolean> {
    const id = parkedKeyId(this.projection, key);
    const outcome = (await this.replay([id])).get(id);
    if (outcome && 'error' in outcome) throw outcome.error;
    return outcome !== undefined;
  }

  /** The same for whatever is parked under these ids, also events without a key, in one pass. What was skipped is left out. */
  replay(ids: readonly string[]): Promise<ReplayOutcomes> {
    return this.#inTurn(async () => {
      if (!this.#isOwner) throw new ProjectionElsewhere(this.projection.name);
      if (this.#stale) throw new ReadModelStale(this.projection.name);
      await this.projection.learnSkips();
      return this.#replay(ids);
    });
  }

  async #replay(ids: readonly string[]): Promise<ReplayOutcomes> {
    const { projection, events, documents } = this;
    const now = this.#clock.now();
    const { outcomes, writes } = await replayParked(projection, ids, this.#position, events, documents, now);
    await this.#write(writes, this.#position);
    this.#parkedKeys = await documents.count(parkedEvents.name, { projection: projection.name });
    return outcomes;
  }

  /** Of a skip that was not seen to its end, or of a rebuild that had parked what was skipped meanwhile. */
  async #replaySkipped(): Promise<void> {
    const { skipped, name } = this.projection;
    if (skipped.size === 0 || this.#parkedKeys === 0) return;
    const filter = { projection: name, 'event.id': { $in: [...skipped] } };
    const { items } = await this.documents.query(parkedEvents.name, { filter, limit: 1_000 });
    if (items.length > 0) await this.#replay(items.map(({ id }) => id));
  }

  /** Looks whether there is something else to do: somebody paused the projection, or let it go on, or has built it anew. */
  async look(): Promise<void> {
    if (!this.#isOwner || this.#state === 'stopped') return;
    if (await this.#wishes.haveChanged()) this.#round.abort();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        this.#tenure = this.options.leases && (await this.#acquire(this.options.leases));
        this.#checkpoint = new OwnCheckpoint(this.projection.name, this.documents, this.#tenure);
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
    const looking = this.options.leases && this.#wishes.watch(signal, () => this.look());
    if (!signal.aborted) this.#state = 'catching-up';
    while (!signal.aborted) {
      this.#round = new AbortController();
      const round = AbortSignal.any([signal, this.#round.signal]);
      try {
        await this.#do(await this.#inTurn(() => this.#load()), round);
      } catch (error) {
        if (error instanceof LeaseLost) this.#tenure?.lose();
        if (!round.aborted) await this.#recover(error);
      }
    }
    await looking;
    if (!this.#stop.signal.aborted) this.#logger.warn('The lease is lost: another process may go on from here.');
  }

  async #do(task: Task, round: AbortSignal): Promise<void> {
    if (task === 'follow') return this.#follow(round);
    this.#state = task === 'pause' ? 'paused' : 'rebuilding';
    this.movement.tell();
    if (task === 'build') {
      const { projection, events, documents, options } = this;
      await runBuilds(`version ${projection.version}`, [projection], events, documents, { ...options, signal: round });
    } else {
      await fired(round);
    }
    if (!this.#signal.aborted) this.#state = 'catching-up';
  }

  async #follow(round: AbortSignal): Promise<void> {
    const paging = { filter: this.projection.filter, size: this.#pageSize, signal: round };
    for await (const page of eventPages(this.events, this.#position, paging)) {
      await this.#inTurn(() => this.#project(page));
    }
    if (this.#isOwner) await this.#inTurn(() => this.#write([], this.#position));
  }

  async #load(): Promise<Task> {
    const { name } = this.projection;
    this.#stale = true;
    await this.#checkpoint.load();
    await this.#takeOver();
    const paused = await this.#wishes.toPause();
    const why = await this.#whyStale();
    this.#stale = why !== undefined;
    // A place in another store is none in this one, and nobody may take it for one.
    const isForeign = this.#stale && (await this.#origin.isAnother());
    this.#position = isForeign ? START : (this.#checkpoint.stored?.position ?? START);
    this.#parkedKeys = await this.documents.count(parkedEvents.name, { projection: name });
    await this.projection.learnSkips();
    if (!this.#stale) await this.#replaySkipped();
    this.movement.tell();
    if (why === undefined) return paused ? 'pause' : 'follow';
    this.#logger.log(`${why}: the read model is built anew.`);
    if (!this.options.rebuild) return 'build';
    await this.options.rebuild(name);
    return 'wait';
  }

  /** Why the read model may not be gone on with, where that is so. */
  async #whyStale(): Promise<string | undefined> {
    const isAnother = await this.#origin.isAnother();
    const stored = this.#checkpoint.stored;
    const { version } = this.projection;
    if (!stored || (!isAnother && stored.version === version)) return undefined;
    return isAnother ? 'The event store is another one' : `Version ${version} follows ${stored.version}`;
  }

  /** Lets a build that is ready take the place of the live read model. */
  async #takeOver(): Promise<void> {
    const { projection, events, documents, options } = this;
    const position = await takeOverIfReady(projection, this.#checkpoint, events, documents, this.#signal, options);
    if (position === undefined) return;
    this.#writtenAt = this.#clock.now().getTime();
    this.#logger.log(`The read model that was built anew has taken over, at position ${position}.`);
  }

  async #project(page: AllSlice): Promise<void> {
    const { events, position } = page;
    const someAreParked = this.#parkedKeys > 0;
    const { writes, parked } = await this.#pages.project(events, this.#position, someAreParked, this.#signal);
    const isDue = this.#clock.now().getTime() - this.#writtenAt >= SKIP_EVERY_MS;
    // Nobody waits for it, and all projections that skip an event would keep the store busy just when one of them has to write.
    const mayWait = this.options.leases !== undefined && this.#writtenAt > 0;
    if (writes.length > 0 || (isDue && !mayWait)) {
      await this.#write([...writes, ...(await this.#origin.record())], position);
    } else if (mayWait) this.#storeSoon();
    this.#position = position;
    this.#parkedKeys += parked.length;
    this.#parkedEver += parked.length;
    for (const { key, event, error } of parked) {
      this.#error = error.message;
      this.#logger.warn(`Parked key ${JSON.stringify(key)} at event '${event.type}' (${event.id}): ${error.message}`);
    }
    this.#goesWell(page.end);
    this.movement.tell();
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
    const { name, version } = this.projection;
    if (this.#stale) throw new CheckpointMoved(name);
    const from = this.#checkpoint.stored ?? { position: START, version };
    if (writes.length === 0 && from.version === version && from.position === position) return;
    if (!this.#isOwner) throw new LeaseLost(name, this.#tenure?.token ?? 0);
    await this.#checkpoint.write(writes, { position, version });
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

function fired(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
