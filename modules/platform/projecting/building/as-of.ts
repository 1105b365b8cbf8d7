import type { Clock } from '#kernel/clock';
import { comparePositions, START, type Position, type Recorded } from '#kernel/event';
import type { JsonObject } from '#kernel/json';
import type { Projection, ReadModel } from '#kernel/projection';
import type { Operation } from '#platform/operations/operation';
import type { OperationRun } from '#platform/operations/operation-run';
import type { Operations } from '#platform/operations/operations';
import type { EventStore } from '#platform/event-store/event-store.port';
import type { Page, Query, ReadStore } from '#platform/read-store/read-store.port';
import { CopyNotFound, CopyNotReady, ReadModelNotFound, TooManyCopies } from './as-of.errors.js';
import { parkedOf } from './build-record.js';
import { buildPass } from './build-pass.js';
import { BuildTarget } from './build-target.js';
import { OwnCheckpoint } from '../own-checkpoint.js';
import { PassProgress } from './pass-progress.js';
import { PositionAhead } from '../projecting.errors.js';
import type { BuildOptions } from './projection-build.js';
import { patient } from '../retry-policy.js';
import { SkippingProjection } from '../skipping-projection.js';

export const AS_OF = 'as-of';

/** Copies that there may be at once. */
export const MOST_COPIES = 10;

/** A moment: a place in the order of events, or a time by one of two clocks. */
export interface Moment {
  /** Up to here, inclusive. */
  readonly position?: Position;
  /** ISO 8601. Up to and including this time. */
  readonly at?: string;
  /** `recorded` (default): when events were stored. `occurred`: when they happened. */
  readonly clock?: 'recorded' | 'occurred';
}

interface AsOfRequest extends JsonObject {
  readonly readModel: string;
  readonly moment: JsonObject;
  readonly expiresInSeconds: number;
}

/** A copy of a read model as it was. */
interface Copy {
  readonly readModel: string;
  readonly collection: string;
  /** Which of the checkpoints for copies it uses: there are as many as copies, so that they do not pile up. */
  readonly slot: number;
  /** ISO 8601, UTC; null while it is being made. */
  readonly expiresAt: string | null;
}

/** The copies, by their operations. */
export const asOfCopies: ReadModel<Copy> = { name: 'as_of_copies', indexes: [] };

/** Read models as they were at a past moment: copies that can be queried until they expire. */
export class AsOf {
  constructor(
    private readonly projections: readonly Projection<object>[],
    private readonly operations: Operations,
    private readonly documents: ReadStore,
    private readonly clock: Clock,
    private readonly events: EventStore,
  ) {}

  /** Rejects with ReadModelNotFound. */
  projection(readModel: string): Projection<object> {
    const found = this.projections.find((projection) => projection.readModel.name === readModel);
    if (!found) throw new ReadModelNotFound(readModel);
    return found;
  }

  /** Rejects with ReadModelNotFound, PositionAhead and TooManyCopies. */
  async request(readModel: string, moment: Moment, expiresInSeconds: number): Promise<Operation> {
    this.projection(readModel);
    if (moment.position !== undefined) {
      const last = await this.events.head();
      if (comparePositions(moment.position, last) > 0) throw new PositionAhead(moment.position, last, '/position');
    }
    await this.documents.define(asOfCopies);
    const [there, asked] = await Promise.all([this.documents.query(asOfCopies.name), this.operations.active(AS_OF)]);
    const ids = new Set([...there.items, ...asked].map(({ id }) => id));
    if (ids.size >= MOST_COPIES) throw new TooManyCopies(MOST_COPIES);
    const request: AsOfRequest = { readModel, moment: { ...moment }, expiresInSeconds };
    return this.operations.request(AS_OF, request);
  }

  /** Rejects with CopyNotFound and CopyNotReady, and as any query does. */
  async query(readModel: string, operation: string, query: Query): Promise<Page> {
    await this.documents.define(asOfCopies);
    const copy = await this.documents.get<Copy>(asOfCopies.name, operation);
    if (!copy) {
      const asked = (await this.operations.active(AS_OF)).find(({ id }) => id === operation);
      throw asked ? new CopyNotReady(operation) : new CopyNotFound(readModel, operation);
    }
    if (copy.readModel !== readModel) throw new CopyNotFound(readModel, operation);
    if (copy.expiresAt === null) throw new CopyNotReady(operation);
    if (Date.parse(copy.expiresAt) <= this.clock.now().getTime()) throw new CopyNotFound(readModel, operation);
    return this.documents.query(copy.collection, query);
  }
}

/** Makes the copies, and drops them when they have expired. */
export class AsOfWork {
  constructor(
    private readonly asOf: AsOf,
    private readonly operations: Operations,
    private readonly events: EventStore,
    private readonly documents: ReadStore,
    private readonly clock: Clock,
    private readonly options: BuildOptions = {},
  ) {}

  readonly handle = async (operation: Operation, run: OperationRun): Promise<JsonObject> => {
    const { readModel, moment, expiresInSeconds } = operation.request as AsOfRequest;
    const projection = SkippingProjection.of(this.asOf.projection(readModel), this.events);
    await projection.learnSkips();
    const { slot } = (await this.#copyOf(operation)) ?? { slot: await this.#freeSlot() };
    const name = `${AS_OF}/${slot}`;
    const tenure = await this.options.leases?.acquire(name, run.signal);
    try {
      run.signal.throwIfAborted();
      const checkpoint = new OwnCheckpoint(name, this.documents, tenure);
      await checkpoint.load();
      const copy = (await this.#copyOf(operation)) ?? (await this.#begin(operation, projection, slot, checkpoint));
      const { retry = patient, maxKept, maxUnstored } = this.options;
      const parked = parkedOf(copy.collection);
      const settings = {
        projection,
        collection: copy.collection,
        parked,
        retry,
        clock: this.clock,
        maxKept,
        maxUnstored,
      };
      const target = new BuildTarget(settings, checkpoint, this.documents);
      const head = await this.events.head();
      const end = endOf(moment, head);
      const progress = new PassProgress(run, end.until);
      const lost = tenure ? AbortSignal.any([run.signal, tenure.lost]) : run.signal;
      await buildPass(this.events, [target], { signal: lost, onPage: progress.onPage, ...end });
      run.progress(progress.done, progress.done);

      const expiresAt = new Date(this.clock.now().getTime() + expiresInSeconds * 1_000).toISOString();
      await checkpoint.write([{ collection: asOfCopies.name, id: operation.id, document: { ...copy, expiresAt } }]);
      const [documents, parkedKeys] = await Promise.all([
        this.documents.count(copy.collection),
        this.documents.count(parked),
      ]);
      const query = `/api/v1/read-models/${encodeURIComponent(readModel)}/as-of/${operation.id}`;
      return { readModel, expiresAt, position: target.position, documents, parkedKeys, query };
    } finally {
      this.#claimed.delete(slot);
      await tenure?.release();
    }
  };

  /** Drops what has expired, and what was given up for as long. */
  async expire(): Promise<void> {
    await this.documents.define(asOfCopies);
    const now = this.clock.now().getTime();
    for (const { id, document } of (await this.documents.query<Copy>(asOfCopies.name)).items) {
      const expiresAt = document.expiresAt ?? (await this.#givenUpUntil(id));
      if (expiresAt === null || Date.parse(expiresAt) > now) continue;
      await this.documents.drop(document.collection);
      await this.documents.drop(parkedOf(document.collection));
      await this.documents.write([{ collection: asOfCopies.name, id, document: null }]);
    }
  }

  /** Until when an unfinished copy is kept for its operation to be resumed; null while that goes on. */
  async #givenUpUntil(id: string): Promise<string | null> {
    const { state, endedAt, request } = await this.operations.get(id);
    if ((state !== 'cancelled' && state !== 'failed') || endedAt === null) return null;
    return new Date(Date.parse(endedAt) + (request as AsOfRequest).expiresInSeconds * 1_000).toISOString();
  }

  async #copyOf({ id }: Operation): Promise<Copy | null> {
    await this.documents.define(asOfCopies);
    return this.documents.get<Copy>(asOfCopies.name, id);
  }

  /** One that no other copy uses. The lease of a slot keeps two from taking the same at once. */
  async #freeSlot(): Promise<number> {
    const { items } = await this.documents.query<Copy>(asOfCopies.name);
    const taken = new Set(items.map(({ document }) => document.slot));
    for (let slot = 0; ; slot++) if (!taken.has(slot) && !this.#claimed.has(slot)) return this.#claim(slot);
  }

  /** Slots that copies of this process are about to take. */
  readonly #claimed = new Set<number>();

  #claim(slot: number): number {
    this.#claimed.add(slot);
    return slot;
  }

  async #begin(
    operation: Operation,
    { readModel, version }: Projection<object>,
    slot: number,
    checkpoint: OwnCheckpoint,
  ): Promise<Copy> {
    const collection = `${AS_OF}/${operation.id}`;
    const copy: Copy = { readModel: readModel.name, collection, slot, expiresAt: null };
    await this.documents.drop(collection);
    await this.documents.drop(parkedOf(collection));
    await this.documents.define({ ...readModel, name: collection });
    await this.documents.define({ name: parkedOf(collection), indexes: [] });
    await checkpoint.write([], { position: START, version });
    await checkpoint.write([{ collection: asOfCopies.name, id: operation.id, document: copy }]);
    return copy;
  }
}

/** Events are not always stored in the order of their times: of a time, every event is asked. */
function endOf({ position, at, clock = 'recorded' }: Moment, head: Position) {
  if (position !== undefined) return { until: comparePositions(position, head) < 0 ? position : head };
  const until = Date.parse(at!);
  const timeOf = (event: Recorded): string => (clock === 'occurred' ? event.metadata.occurredAt : event.recordedAt);
  return { until: head, takes: (event: Recorded): boolean => Date.parse(timeOf(event)) <= until };
}
