import type { JsonObject } from '#kernel/json';
import type { Projection } from '#kernel/projection';
import type { EventStore } from '#platform/event-store/event-store.port';
import type { Operation } from '#platform/operations/operation';
import type { OperationRun } from '#platform/operations/operation-run';
import type { Operations } from '#platform/operations/operations';
import type { ReadStore } from '#platform/read-store/read-store.port';
import { parkedOf, projectionBuilds, type BuildRecord } from './build-record.js';
import { PassProgress } from './pass-progress.js';
import type { BuildOptions } from './projection-build.js';
import { OtherVersionNeeded, ProjectionNotFound, ProjectionsRemoved, RebuildRunning } from './rebuild.errors.js';
import { runBuilds } from './run-builds.js';
import type { RunningProjections } from '../running-projections.js';
import { systemStopwatch, type Stopwatch } from '../stopwatch.js';

export const REBUILD = 'rebuild';

/** What a rebuild is asked for with. */
export interface RebuildRequest extends JsonObject {
  readonly projections: string[];
  /** Versions of the projections, in the same order. */
  readonly versions: number[];
  /** Why it was asked for, where nobody did. */
  readonly because: 'request' | 'stale';
}

/** Milliseconds in which projections that are out of date at the start gather for one pass. */
const GATHER_MS = 100;
/** Milliseconds between two looks whether the runners have taken over. */
const LOOK_EVERY_MS = 100;

/** Asks for read models to be built anew. */
export class Rebuilds {
  #gathering: { readonly names: Set<string>; readonly asked: Promise<void> } | undefined;

  constructor(
    readonly projections: readonly Projection<object>[],
    private readonly operations: Operations,
    private readonly stopwatch: Stopwatch = systemStopwatch,
  ) {}

  has(name: string): boolean {
    return this.projections.some((projection) => projection.name === name);
  }

  /** Rejects with ProjectionNotFound. */
  projection(name: string): Projection<object> {
    const found = this.projections.find((projection) => projection.name === name);
    if (!found) throw new ProjectionNotFound(name);
    return found;
  }

  /** All in one pass over the events. Rejects with ProjectionNotFound and RebuildRunning. */
  async request(names: readonly string[], because: RebuildRequest['because'] = 'request'): Promise<Operation> {
    const wanted = [...new Set(names)].map((name) => this.projection(name));
    const active = await this.operations.active(REBUILD);
    for (const { name } of wanted) {
      const running = active.find(({ request }) => (request as RebuildRequest).projections.includes(name));
      if (running) throw new RebuildRunning(name, running.id);
    }
    const versions = wanted.map(({ version }) => version);
    return this.operations.request(REBUILD, { projections: wanted.map(({ name }) => name), versions, because });
  }

  /** Has a read model built anew that is out of date, unless that is being done; with others that are so at the same time. */
  ensure(name: string): Promise<void> {
    if (!this.#gathering) {
      const names = new Set<string>();
      this.#gathering = { names, asked: this.#gather(names) };
    }
    this.#gathering.names.add(name);
    return this.#gathering.asked;
  }

  async #gather(names: Set<string>): Promise<void> {
    await this.stopwatch.wait(GATHER_MS, new AbortController().signal);
    this.#gathering = undefined;
    const active = await this.operations.active(REBUILD);
    const covered = active
      .map(({ request }) => request as RebuildRequest)
      .flatMap(({ projections, versions }) =>
        projections.filter((name, i) =>
          this.projections.some((one) => one.name === name && one.version === versions[i]),
        ),
      );
    const open = [...names].filter((name) => !covered.includes(name));
    if (open.length === 0) return;
    const versions = open.map((name) => this.projection(name).version);
    await this.operations.request(REBUILD, { projections: open, versions, because: 'stale' });
  }
}

/** Carries rebuilds out: builds beside the live read models, then waits until their runners have taken over. */
export class RebuildWork {
  constructor(
    private readonly rebuilds: Rebuilds,
    private readonly running: RunningProjections,
    private readonly events: EventStore,
    private readonly documents: ReadStore,
    private readonly options: BuildOptions & { readonly stopwatch?: Stopwatch } = {},
  ) {}

  readonly handle = async (operation: Operation, run: OperationRun): Promise<JsonObject> => {
    const { projections: names, versions } = operation.request as RebuildRequest;
    const gone = names.filter((name) => !this.rebuilds.has(name));
    if (gone.length > 0)
      throw new ProjectionsRemoved(
        gone,
        names.filter((name) => this.rebuilds.has(name)),
      );
    const projections = names.map((name, i) => {
      const projection = this.rebuilds.projection(name);
      if (projection.version !== versions[i]) throw new OtherVersionNeeded(name, versions[i]!);
      return projection;
    });
    const progress = new PassProgress(run, await this.events.head());
    for (;;) {
      const { onPage } = progress;
      const options = { ...this.options, signal: run.signal, onPage };
      await runBuilds(operation.id, projections, this.events, this.documents, options);
      const records = await this.#takenOver(operation, names, run);
      if (!records) continue;
      run.progress(progress.done, progress.done);
      return { projections: records, events: progress.done };
    }
  };

  /**
   * Drops what is half built of projections that an upgrade has removed. Not where other processes share the store: one of another
   * version may have them.
   */
  async dropRemoved(): Promise<void> {
    if (this.documents.shared) return;
    await this.documents.define(projectionBuilds);
    const { items } = await this.documents.query<BuildRecord>(projectionBuilds.name, { limit: 1_000 });
    for (const { id, document } of items.filter(({ id }) => !this.rebuilds.has(id))) {
      // Of one that is done or about to be, the collection has taken the place of the live one.
      const isHalf = document.phase === 'beginning' || document.phase === 'building' || document.phase === 'ready';
      for (const collection of [...document.leftovers, ...(isHalf ? [document.collection] : [])]) {
        await this.documents.drop(collection);
        await this.documents.drop(parkedOf(collection));
      }
      if (isHalf) await this.documents.write([{ collection: projectionBuilds.name, id, document: null }]);
    }
  }

  /** What has come of it; undefined where something must be built again. What is complete can no longer be cancelled. */
  async #takenOver(
    operation: Operation,
    names: readonly string[],
    run: OperationRun,
  ): Promise<JsonObject[] | undefined> {
    const { stopwatch = systemStopwatch } = this.options;
    const ending = new AbortController().signal;
    for (;;) {
      const found = await this.documents.getMany<BuildRecord>(projectionBuilds.name, names);
      const records = names.map((name) => found.get(name));
      if (records.some((record) => record?.operation !== operation.id)) {
        throw new Error('Another rebuild of the same projection has begun since: ask for a new one.');
      }
      if (records.some((record) => record!.phase === 'beginning' || record!.phase === 'building')) return undefined;
      if (records.every((record) => record!.phase === 'done')) {
        return names.map((name, i) => ({ name, version: records[i]!.version }));
      }
      if (run.isInterrupted) run.signal.throwIfAborted();
      for (const name of names) await this.running.look(name);
      await stopwatch.wait(LOOK_EVERY_MS, ending);
    }
  }
}
