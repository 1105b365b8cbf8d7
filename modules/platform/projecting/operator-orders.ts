import { setTimeout } from 'node:timers/promises';
import { type BeforeApplicationShutdown, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import type { Position, Recorded } from '#kernel/event';
import type { EventStore } from '../event-store/event-store.port.js';
import { ProjectionElsewhere } from './projecting.errors.js';
import type { ProjectionEvent } from './projection.events.js';
import type { RunningProjections } from './running-projections.js';

const RETRY_AFTER_MS = 1_000;
/** Of what operators did: see `streamOfProjection`. */
const STREAMS = 'main.projection-';

/**
 * Does what operators asked another process for: of all that run projections, the one that has the lease. What was asked while nobody
 * ran the projection is not made up for, but skips are: every runner begins with them.
 */
export class OperatorOrders implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #logger = new Logger('Projections');
  readonly #stop = new AbortController();
  #following: Promise<void> | undefined;

  constructor(
    private readonly running: RunningProjections,
    private readonly events: EventStore,
    /** Whether there can be other processes to ask. */
    private readonly shared: boolean,
  ) {}

  onApplicationBootstrap(): void {
    if (this.shared) this.#following = this.#follow();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.#stop.abort();
    await this.#following;
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stop;
    const filter = { streamPrefixes: [STREAMS] };
    for (let position: Position | undefined; !signal.aborted;) {
      try {
        position ??= await this.events.head();
        for await (const message of this.events.subscribe({ position, filter, signal })) {
          if (message.kind === 'event') await this.#carryOut(message.event as Recorded<ProjectionEvent>);
          position = message.kind === 'event' ? message.event.position : message.position;
        }
      } catch (error) {
        if (!signal.aborted) this.#logger.warn(`Orders of operators wait: ${(error as Error).message}`);
      }
      await setTimeout(RETRY_AFTER_MS, undefined, { signal }).catch(() => {}); // ended by the signal
    }
  }

  async #carryOut(event: Recorded<ProjectionEvent>): Promise<void> {
    const runner = this.running.runner(event.stream.slice(STREAMS.length));
    if (!runner) return;
    // What fails again stands in the record of what is parked.
    await runner.replay(parkedIdsOf(event)).catch((error: unknown) => {
      if (!(error instanceof ProjectionElsewhere)) this.#logger.warn(`Not replayed: ${String(error)}`);
    });
  }
}

/** The parked work that the event is about. */
function parkedIdsOf(event: Recorded<ProjectionEvent>): readonly string[] {
  switch (event.type) {
    case 'projection.replayRequested':
      return event.data.ids;
    case 'projection.eventSkipped': {
      const { projection, key, eventId } = event.data;
      return [key === null ? `${projection}/event/${eventId}` : `${projection}/key/${key}`];
    }
  }
}
