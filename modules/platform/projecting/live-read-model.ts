import type { Clock } from '#kernel/clock';
import { START, type Position } from '#kernel/event';
import type { AllSlice, EventStore } from '../event-store/event-store.port.js';
import { CheckpointMoved, LeaseLost } from '../read-store/read-store.errors.js';
import type { ReadStore, Write } from '../read-store/read-store.port.js';
import { EventOrigin } from './event-origin.js';
import { OwnCheckpoint } from './own-checkpoint.js';
import { PageProjector } from './page-projector.js';
import { parkedEvents, type ParkedKey } from './parked-events.js';
import type { BuildOptions } from './building/projection-build.js';
import { ProjectionElsewhere, ReadModelStale } from './projecting.errors.js';
import { replayParked, type ReplayOutcomes } from './replay-parked.js';
import type { RetryPolicy } from './retry-policy.js';
import type { SkippingProjection } from './skipping-projection.js';
import { takeOverIfReady } from './building/take-over.js';
import type { Tenure } from './tenure.js';

export interface LiveOptions extends BuildOptions {
  readonly retry: RetryPolicy;
  readonly clock: Clock;
}

/** What was found when the read model was loaded. */
export interface Loaded {
  /** Where a build has just taken its place. */
  readonly takenOverAt?: Position;
  /** Why it may not be gone on with, where that is so. */
  readonly whyStale?: string;
}

/** A checkpoint that only skips ignored events is stored at most so often. */
const SKIP_EVERY_MS = 1_000;

/** The read model that queries see, in the hands of the process that keeps it up to date. Loading, pages and replays take turns. */
export class LiveReadModel {
  readonly #pages: PageProjector;
  readonly #origin: EventOrigin;
  #checkpoint: OwnCheckpoint;
  #tenure: Tenure | undefined;
  #signal: AbortSignal;
  /** May be ahead of the checkpoint by events that do not matter here. */
  #position: Position = START;
  /** The read model is not this version's, or not this event store's: nothing may be written to it. */
  #stale = false;
  #writtenAt = 0;
  #storing = false;
  #parkedKeys = 0;
  #parkedEver = 0;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly projection: SkippingProjection,
    private readonly events: EventStore,
    private readonly documents: ReadStore,
    private readonly options: LiveOptions,
    signal: AbortSignal,
  ) {
    this.#pages = new PageProjector(projection, documents, options.retry, options.clock);
    this.#origin = new EventOrigin(projection.name, events, documents);
    this.#checkpoint = new OwnCheckpoint(projection.name, documents);
    this.#signal = signal;
  }

  /** Only what comes after it is not in the read model, as far as this process knows. */
  get position(): Position {
    return this.#position;
  }

  get parkedKeys(): number {
    return this.#parkedKeys;
  }

  /** Keys that were parked since the process started. */
  get parkedEver(): number {
    return this.#parkedEver;
  }

  /** Whether this process may write: alone, or with the lease. */
  get isOwn(): boolean {
    return !this.options.leases || (this.#tenure?.holds ?? false);
  }

  /** From now on it is this process's, until the signal fires; the tenure is undefined where no lease is needed. */
  begin(tenure: Tenure | undefined, signal: AbortSignal): void {
    this.#tenure = tenure;
    this.#signal = signal;
    this.#checkpoint = new OwnCheckpoint(this.projection.name, this.documents, tenure);
  }

  /** Finds out where it is; a build that is ready takes its place first. */
  load(): Promise<Loaded> {
    return this.#inTurn(async () => {
      const { name } = this.projection;
      this.#stale = true;
      await this.#checkpoint.load();
      const takenOverAt = await this.#takeOver();
      const whyStale = await this.#whyStale();
      this.#stale = whyStale !== undefined;
      // A place in another store is none in this one, and nobody may take it for one.
      const isForeign = this.#stale && (await this.#origin.isAnother());
      this.#position = isForeign ? START : (this.#checkpoint.stored?.position ?? START);
      this.#parkedKeys = await this.documents.count(parkedEvents.name, { projection: name });
      await this.projection.learnSkips();
      if (!this.#stale) await this.#replaySkipped();
      return { takenOverAt, whyStale };
    });
  }

  /** Takes in the next page; the answer is what had to be set aside. */
  project({ events, position }: AllSlice): Promise<readonly ParkedKey[]> {
    return this.#inTurn(async () => {
      const someAreParked = this.#parkedKeys > 0;
      const { writes, parked } = await this.#pages.project(events, this.#position, someAreParked, this.#signal);
      const isDue = this.options.clock.now().getTime() - this.#writtenAt >= SKIP_EVERY_MS;
      // Nobody waits for it, and all projections that skip an event would keep the store busy just when one of them has to write.
      const mayWait = this.options.leases !== undefined && this.#writtenAt > 0;
      if (writes.length > 0 || (isDue && !mayWait)) {
        await this.#write([...writes, ...(await this.#origin.record())], position);
      } else if (mayWait) this.#storeSoon();
      this.#position = position;
      this.#parkedKeys += parked.length;
      this.#parkedEver += parked.length;
      return parked;
    });
  }

  /** Stores how far it is, where that is not stored yet. */
  store(): Promise<void> {
    return this.#inTurn(() => this.#write([], this.#position));
  }

  /** Replays what is parked under these ids. Rejects with ProjectionElsewhere, ReadModelStale. */
  replay(ids: readonly string[]): Promise<ReplayOutcomes> {
    return this.#inTurn(async () => {
      if (!this.isOwn) throw new ProjectionElsewhere(this.projection.name);
      if (this.#stale) throw new ReadModelStale(this.projection.name);
      await this.projection.learnSkips();
      return this.#replay(ids);
    });
  }

  async #replay(ids: readonly string[]): Promise<ReplayOutcomes> {
    const { projection, events, documents } = this;
    const now = this.options.clock.now();
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

  async #whyStale(): Promise<string | undefined> {
    const isAnother = await this.#origin.isAnother();
    const stored = this.#checkpoint.stored;
    const { version } = this.projection;
    if (!stored || (!isAnother && stored.version === version)) return undefined;
    return isAnother ? 'The event store is another one' : `Version ${version} follows ${stored.version}`;
  }

  async #takeOver(): Promise<Position | undefined> {
    const { projection, events, documents, options } = this;
    const position = await takeOverIfReady(projection, this.#checkpoint, events, documents, this.#signal, options);
    if (position !== undefined) this.#writtenAt = options.clock.now().getTime();
    return position;
  }

  /** Other processes tell the lag by the stored checkpoint, which must not stay behind where nothing follows the skipped events. */
  #storeSoon(): void {
    if (this.#storing) return;
    this.#storing = true;
    void this.options.retry
      .delay(SKIP_EVERY_MS, this.#signal)
      .then(() => this.store())
      .catch(() => {}) // the next page's write meets the same failure
      .finally(() => (this.#storing = false));
  }

  async #write(writes: readonly Write[], position: Position): Promise<void> {
    const { name, version } = this.projection;
    if (this.#stale) throw new CheckpointMoved(name);
    const from = this.#checkpoint.stored ?? { position: START, version };
    if (writes.length === 0 && from.version === version && from.position === position) return;
    if (!this.isOwn) throw new LeaseLost(name, this.#tenure?.token ?? 0);
    await this.#checkpoint.write(writes, { position, version });
    this.#writtenAt = this.options.clock.now().getTime();
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => {}); // told to the caller
    return done;
  }
}
