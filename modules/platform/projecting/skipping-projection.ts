import type { Recorded } from '#kernel/event';
import type { EventFilter, Projection, ReadModel } from '#kernel/projection';
import type { EventStore } from '../event-store/event-store.port.js';
import { streamName } from '../event-store/stream-name.js';
import type { ProjectionEvent } from './projection.events.js';

/** The stream of what operators did about a projection. */
export function streamOfProjection(name: string): string {
  return streamName('main', { type: 'projection', id: name });
}

/**
 * A projection that passes over the events that operators skipped. They are told by the projection's own stream, so that also a
 * read model that is built from nothing, anywhere, leaves them out.
 */
export class SkippingProjection implements Projection<object> {
  readonly name: string;
  readonly version: number;
  readonly readModel: ReadModel<object>;
  readonly filter: EventFilter | undefined;
  readonly once: boolean | undefined;
  readonly key: Projection<object>['key'];
  readonly evolve: Projection<object>['evolve'];
  readonly #skipped = new Set<string>();
  #next = 0;

  /** Where it is one already, the same. */
  static of(projection: Projection<object>, events: EventStore): SkippingProjection {
    return projection instanceof SkippingProjection ? projection : new SkippingProjection(projection, events);
  }

  private constructor(
    projection: Projection<object>,
    private readonly events: EventStore,
  ) {
    const { name, version, readModel, filter, once } = projection;
    Object.assign(this, { name, version, readModel, filter, once });
    this.key = (event) => (this.#skipped.has(event.id) ? null : projection.key(event));
    this.evolve = (document, event) => projection.evolve(document, event);
  }

  /** Ids of the events that are left out, as far as they are known. */
  get skipped(): ReadonlySet<string> {
    return this.#skipped;
  }

  /** Learns what was skipped up to now. To be called before events are folded, and after a skip. Rejects where the store does. */
  async learnSkips(): Promise<void> {
    for (;;) {
      const { events, lastRevision } = await this.events.read(streamOfProjection(this.name), { from: this.#next });
      for (const event of events as Recorded<ProjectionEvent>[]) {
        if (event.type === 'projection.eventSkipped') this.#skipped.add(event.data.eventId);
        this.#next = event.revision + 1;
      }
      if (events.length === 0 || this.#next > lastRevision) return;
    }
  }
}
