import { Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import type { OperationWorker } from '../operations/operation-worker.js';
import { AS_OF, type AsOfWork } from './building/as-of.js';
import { REBUILD, type RebuildWork } from './building/rebuilds.js';
import { systemStopwatch } from './stopwatch.js';

/** Milliseconds between two looks for copies that have expired. */
const SWEEP_EVERY_MS = 15_000;

/** What this process does of the long work with projections, as long as the application runs. */
export class ProjectingWork implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #logger = new Logger('Projections');
  readonly #stop = new AbortController();
  #sweeping: Promise<void> | undefined;

  constructor(
    worker: OperationWorker,
    private readonly rebuilds: RebuildWork,
    private readonly copies: AsOfWork,
  ) {
    worker.handle(REBUILD, rebuilds.handle);
    worker.handle(AS_OF, copies.handle);
  }

  onApplicationBootstrap(): void {
    this.#sweeping = this.#sweep();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.#stop.abort();
    await this.#sweeping;
  }

  /** Also what has expired while no process ran. */
  async #sweep(): Promise<void> {
    const { signal } = this.#stop;
    await this.rebuilds.dropRemoved().catch((error: Error) => {
      this.#logger.warn(`What was half built of projections that are gone is left: ${error.message}`);
    });
    while (!signal.aborted) {
      await this.copies.expire().catch((error: Error) => this.#logger.warn(`Expired copies wait: ${error.message}`));
      await systemStopwatch.wait(SWEEP_EVERY_MS, signal);
    }
  }
}
