import { randomUUID } from 'node:crypto';
import { systemClock, type Clock } from '#kernel/clock';
import { START } from '#kernel/event';
import type { Projection } from '#kernel/projection';
import type { EventStore } from '#platform/event-store/event-store.port';
import type { ReadStore } from '#platform/read-store/read-store.port';
import { buildName, parkedOf, projectionBuilds, type BuildRecord } from './build-record.js';
import { BuildTarget } from './build-target.js';
import { firstEvent, isSameOrigin } from '../event-origin.js';
import type { Leases } from '../leases.js';
import { OwnCheckpoint } from '../own-checkpoint.js';
import { patient, type RetryPolicy } from '../retry-policy.js';
import { SkippingProjection } from '../skipping-projection.js';
import type { Tenure } from '../tenure.js';

export interface BuildOptions {
  readonly retry?: RetryPolicy;
  readonly clock?: Clock;
  /** Needed where other processes may build or run the same projection. */
  readonly leases?: Leases;
  readonly maxUnstored?: number;
  readonly maxKept?: number;
}

/** One build of a projection's read model, beside the live one, in the hands of one process. */
export class ProjectionBuild {
  #record: BuildRecord | null = null;

  /** Waits until the build is this process's; undefined where the signal fires before. */
  static async open(
    projection: Projection<object>,
    events: EventStore,
    documents: ReadStore,
    signal: AbortSignal,
    options: BuildOptions = {},
  ): Promise<ProjectionBuild | undefined> {
    const name = buildName(projection.name);
    const tenure = await options.leases?.acquire(name, signal);
    if (options.leases && !tenure) return undefined;
    const checkpoint = new OwnCheckpoint(name, documents, tenure);
    const build = new ProjectionBuild(
      SkippingProjection.of(projection, events),
      events,
      documents,
      options,
      checkpoint,
      tenure,
    );
    try {
      await documents.define(projectionBuilds);
      await checkpoint.load();
      await build.projection.learnSkips();
      build.#record = await documents.get<BuildRecord>(projectionBuilds.name, projection.name);
      return build;
    } catch (error) {
      await build.close();
      throw error;
    }
  }

  private constructor(
    readonly projection: SkippingProjection,
    private readonly events: EventStore,
    private readonly documents: ReadStore,
    private readonly options: BuildOptions,
    readonly checkpoint: OwnCheckpoint,
    private readonly tenure: Tenure | undefined,
  ) {}

  /** As it was when the build was opened, and as this process has changed it since. */
  get record(): BuildRecord | null {
    return this.#record;
  }

  /** Fires when another process may be at it. */
  get lost(): AbortSignal | undefined {
    return this.tenure?.lost;
  }

  /** Whether it counts the events of another store than this one. */
  async isOfAnotherStore(): Promise<boolean> {
    const { origin } = this.#record!;
    return origin !== null && !isSameOrigin(origin, await firstEvent(this.events));
  }

  /** Goes on with the operation's build where it was, or begins it. Undefined where there is nothing left to build. */
  async target(operation: string): Promise<BuildTarget | undefined> {
    const record = this.#record;
    const isOwn = record?.operation === operation && record.version === this.projection.version;
    if (!isOwn || record.phase === 'beginning') await this.#begin(operation);
    else if (record.phase !== 'building') return undefined;
    else if (await this.isOfAnotherStore()) await this.#begin(operation);
    return this.resumed();
  }

  /** Goes on where it was. */
  resumed(): BuildTarget {
    const { projection, options } = this;
    const { collection } = this.#record!;
    const { retry = patient, clock = systemClock, maxUnstored, maxKept } = options;
    const settings = { projection, collection, parked: parkedOf(collection), retry, clock, maxUnstored, maxKept };
    return new BuildTarget(settings, this.checkpoint, this.documents);
  }

  async mark(change: Partial<BuildRecord>): Promise<void> {
    const record = { ...this.#record!, ...change };
    await this.checkpoint.write([{ collection: projectionBuilds.name, id: this.projection.name, document: record }]);
    this.#record = record;
  }

  /** Lets another process go on with it. */
  async close(): Promise<void> {
    await this.tenure?.release();
  }

  /** Clears away what an earlier build has left, and starts from nothing. Done half, it is done again. */
  async #begin(operation: string): Promise<void> {
    const { version, readModel } = this.projection;
    const before = this.#record;
    const leftovers = before ? [...before.leftovers, before.collection] : [];
    const collection = `${readModel.name}/next/${randomUUID().slice(0, 8)}`;
    const origin = await firstEvent(this.events);
    this.#record = { operation, version, phase: 'beginning', collection, leftovers, origin };
    await this.mark({});
    for (const leftover of leftovers) {
      await this.documents.drop(leftover);
      await this.documents.drop(parkedOf(leftover));
    }
    await this.documents.define({ ...readModel, name: collection });
    await this.documents.define({ name: parkedOf(collection), indexes: [] });
    await this.checkpoint.write([], { position: START, version });
    await this.mark({ phase: 'building', leftovers: [] });
  }
}
