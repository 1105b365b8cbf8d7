import { Logger, type LoggerService } from '@nestjs/common';
import { systemClock, type Clock } from '#kernel/clock';
import type { Projection } from '#kernel/projection';
import type { AllSlice, EventStore } from '../event-store/event-store.port.js';
import { CheckpointMoved, LeaseLost } from '../read-store/read-store.errors.js';
import type { ReadStore } from '../read-store/read-store.port.js';
import { eventOrigins } from './event-origin.js';
import { eventPages } from './event-pages.js';
import { lagAfter } from './waiting/lag.js';
import type { Leases } from './leases.js';
import { LiveReadModel } from './live-read-model.js';
import { Movement } from './waiting/movement.js';
import { PageSize } from './page-size.js';
import { parkedEvents, parkedKeyId } from './parked-events.js';
import { statusElsewhere } from './observed-projections.js';
import type { ProjectionStatus } from './projection-status.js';
import { ProjectionWishes } from './projection-wishes.js';
import type { ReplayOutcomes } from './replay-parked.js';
import { patient, type RetryPolicy } from './retry-policy.js';
import { runBuilds } from './building/run-builds.js';
import { RunnerState } from './runner-state.js';
import type { Stopwatch } from './stopwatch.js';
import { SkippingProjection } from './skipping-projection.js';
import type { Tenure } from './tenure.js';
import type { Progress } from './waiting/watched-projection.js';

export interface RunnerOptions {
  /** Most events folded into one write; default 5,000, and fewer where they take long. */
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
  readonly #model: LiveReadModel;
  readonly #size: PageSize;
  readonly #retry: RetryPolicy;
  readonly #clock: Clock;
  readonly #logger: Pick<LoggerService, 'log' | 'warn'>;

  readonly #state: RunnerState;
  /** Undefined where no lease is needed; `#signal` fires when this process must leave the projection alone. */
  #tenure: Tenure | undefined;
  #signal = this.#stop.signal;
  #running: Promise<void> | undefined;
  /** Ends what the runner does at this moment, so that it looks what there is to do now. */
  #round = new AbortController();
  readonly #wishes: ProjectionWishes;
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
    this.#size = new PageSize(options.pageSize ?? 5_000);
    this.#retry = options.retry ?? patient;
    this.#clock = options.clock ?? systemClock;
    this.#logger = options.logger ?? new Logger(`Projection ${projection.name}`);
    this.#state = new RunnerState(this.#logger);
    const live = { ...options, retry: this.#retry, clock: this.#clock };
    this.#model = new LiveReadModel(this.projection, events, documents, live, this.#signal);
    this.#wishes = new ProjectionWishes(projection, documents, options.stopwatch);
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
    return { position: this.#model.position, ...this.#state.told };
  }

  /** Rejects with `StoreUnavailable` where the event store cannot tell the lag. */
  async status(): Promise<ProjectionStatus> {
    if (this.#state.name === 'elsewhere') {
      return statusElsewhere(this.projection, this.events, this.documents, this.#clock);
    }
    const { seconds } = await lagAfter(this.#model.position, this.projection, this.events, this.#clock);
    return {
      name: this.projection.name,
      version: this.projection.version,
      ...this.#state.told,
      position: this.#model.position,
      lagSeconds: seconds,
      parkedKeys: this.#model.parkedKeys,
      parkedEver: this.#model.parkedEver,
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
    return this.#model.replay(ids);
  }

  /** Looks whether there is something else to do: somebody paused the projection, or let it go on, or has built it anew. */
  async look(): Promise<void> {
    if (!this.#model.isOwn || this.#state.name === 'stopped') return;
    if (await this.#wishes.haveChanged()) this.#round.abort();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        this.#tenure = this.options.leases && (await this.#acquire(this.options.leases));
        this.#model.begin(this.#tenure, this.#signal);
        await this.#serve();
        await this.#tenure?.release();
        this.#tenure = undefined;
      } catch (error) {
        if (!signal.aborted) await this.#recover(error);
      }
    }
    this.#state.becomes('stopped');
  }

  async #acquire(leases: Leases): Promise<Tenure | undefined> {
    this.#signal = this.#stop.signal;
    this.#state.becomes('elsewhere');
    const tenure = await leases.acquire(this.projection.name, this.#signal);
    if (tenure) this.#signal = AbortSignal.any([this.#stop.signal, tenure.lost]);
    return tenure;
  }

  /** Does the work until this process is stopped or loses the lease. */
  async #serve(): Promise<void> {
    const signal = this.#signal;
    const looking = this.options.leases && this.#wishes.watch(signal, () => this.look());
    if (!signal.aborted) this.#state.becomes('catching-up');
    while (!signal.aborted) {
      this.#round = new AbortController();
      const round = AbortSignal.any([signal, this.#round.signal]);
      try {
        await this.#do(await this.#load(), round);
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
    this.#state.becomes(task === 'pause' ? 'paused' : 'rebuilding');
    this.movement.tell();
    if (task === 'build') {
      const { projection, events, documents, options } = this;
      await runBuilds(`version ${projection.version}`, [projection], events, documents, { ...options, signal: round });
    } else {
      await fired(round);
    }
    if (!this.#signal.aborted) this.#state.becomes('catching-up');
  }

  async #follow(round: AbortSignal): Promise<void> {
    const paging = { filter: this.projection.filter, size: this.#size, signal: round };
    for await (const page of eventPages(this.events, this.#model.position, paging)) {
      await this.#project(page);
    }
    if (this.#model.isOwn) await this.#model.store();
  }

  async #load(): Promise<Task> {
    const { takenOverAt, whyStale } = await this.#model.load();
    if (takenOverAt !== undefined) {
      this.#logger.log(`The read model that was built anew has taken over, at position ${takenOverAt}.`);
    }
    const paused = await this.#wishes.toPause();
    this.movement.tell();
    if (whyStale === undefined) return paused ? 'pause' : 'follow';
    this.#logger.log(`${whyStale}: the read model is built anew.`);
    if (!this.options.rebuild) return 'build';
    await this.options.rebuild(this.projection.name);
    return 'wait';
  }

  async #project(page: AllSlice): Promise<void> {
    const parked = await this.#model.project(page);
    this.#state.goesWell(parked, page.end);
    this.movement.tell();
  }

  /** A store that cannot answer now is waited for; what another runner did is taken over. */
  async #recover(error: unknown): Promise<void> {
    if (error instanceof CheckpointMoved) {
      this.#logger.log('Another runner of this projection is ahead; going on from where it is.');
      return;
    }
    const pause = this.#state.fails(error);
    await this.#retry.delay(pause, this.#signal).catch(() => {}); // ended by the signal
  }
}

function fired(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
