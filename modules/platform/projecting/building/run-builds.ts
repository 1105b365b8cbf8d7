import type { Position } from '#kernel/event';
import type { Projection } from '#kernel/projection';
import type { EventStore } from '#platform/event-store/event-store.port';
import type { ReadStore } from '#platform/read-store/read-store.port';
import type { BuildTarget } from './build-target.js';
import { buildPass } from './build-pass.js';
import { ProjectionBuild, type BuildOptions } from './projection-build.js';

export interface RunBuildsOptions extends BuildOptions {
  readonly signal: AbortSignal;
  /** Told of each page: how many events were read, and up to where. */
  readonly onPage?: (events: number, position: Position) => void;
}

/** Events that come while the last documents are stored are left to whoever takes over, where they are no more than so many. */
const FEW = 2_000;

/**
 * Builds the read models of these projections beside the live ones, in one pass over the events, until they are ready to take over.
 * The same operation goes on where it was. Rejects with the signal's reason where that fires, and with `LeaseLost` where another
 * process builds.
 */
export async function runBuilds(
  operation: string,
  projections: readonly Projection<object>[],
  events: EventStore,
  documents: ReadStore,
  { signal, onPage, ...options }: RunBuildsOptions,
): Promise<void> {
  const builds: ProjectionBuild[] = [];
  try {
    const targets: BuildTarget[] = [];
    const unfinished: ProjectionBuild[] = [];
    for (const projection of projections) {
      const build = await ProjectionBuild.open(projection, events, documents, signal, options);
      signal.throwIfAborted();
      builds.push(build!);
      const target = await build!.target(operation);
      if (!target) continue;
      targets.push(target);
      unfinished.push(build!);
    }
    if (targets.length === 0) return;
    const lost = builds.flatMap((build) => build.lost ?? []);
    const either = AbortSignal.any([signal, ...lost]);
    let read: number;
    do {
      read = 0;
      const count = (events: number, position: Position): void => {
        read += events;
        onPage?.(events, position);
      };
      await buildPass(events, targets, { signal: either, onPage: count });
    } while (read > FEW);
    for (const build of unfinished) await build.mark({ phase: 'ready' });
  } finally {
    await Promise.all(builds.map((build) => build.close()));
  }
}
