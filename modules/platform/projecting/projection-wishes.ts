import type { Projection } from '#kernel/projection';
import type { ReadStore } from '../read-store/read-store.port.js';
import { projectionBuilds, type BuildRecord } from './building/build-record.js';
import { pausedProjections } from './paused-projections.js';
import { systemStopwatch, type Stopwatch } from './stopwatch.js';
import { isReadyFor } from './building/take-over.js';

/** Milliseconds between two looks at what other processes want of a projection. */
const LOOK_EVERY_MS = 1_000;

/** What is wanted of a projection's runner: to pause, to go on, to take over what was built anew. */
export class ProjectionWishes {
  #paused = false;

  constructor(
    private readonly projection: Projection<object>,
    private readonly documents: ReadStore,
    private readonly stopwatch: Stopwatch = systemStopwatch,
  ) {}

  async define(): Promise<void> {
    await this.documents.define(projectionBuilds);
    await this.documents.define(pausedProjections);
  }

  /** Whether it is to pause; as it was when this was last asked, for `haveChanged`. */
  async toPause(): Promise<boolean> {
    return (this.#paused = (await this.documents.get(pausedProjections.name, this.projection.name)) !== null);
  }

  /** Whether the runner has something else to do by now. */
  async haveChanged(): Promise<boolean> {
    const { name } = this.projection;
    const [paused, build] = await Promise.all([
      this.documents.get(pausedProjections.name, name),
      this.documents.get<BuildRecord>(projectionBuilds.name, name),
    ]);
    return (paused !== null) !== this.#paused || isReadyFor(this.projection, build);
  }

  /** Looks again and again, for what other processes want, until the signal fires. */
  async watch(signal: AbortSignal, look: () => Promise<void>): Promise<void> {
    while (!signal.aborted) {
      await this.stopwatch.wait(LOOK_EVERY_MS, signal);
      if (!signal.aborted) await look().catch(() => {}); // the next look meets the same store
    }
  }
}
