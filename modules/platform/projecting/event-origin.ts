import type { Position } from '#kernel/event';
import type { ReadModel } from '#kernel/projection';
import type { EventStore } from '../event-store/event-store.port.js';
import type { ReadStore, Write } from '../read-store/read-store.port.js';

/** The first event of a store, at its place: tells the store from all others, also from its copies that count otherwise. */
interface Origin {
  readonly eventId: string;
  readonly position: Position;
}

export const eventOrigins: ReadModel<Origin> = { name: 'event_origins', indexes: [] };

/** Which event store a projection's checkpoint belongs to: a position of one means nothing in another. */
export class EventOrigin {
  #recorded: Origin | null = null;

  constructor(
    private readonly projection: string,
    private readonly events: EventStore,
    private readonly documents: ReadStore,
  ) {}

  /** Whether the checkpoint counts the events of another store than this one. */
  async isAnother(): Promise<boolean> {
    this.#recorded = await this.documents.get<Origin>(eventOrigins.name, this.projection);
    if (!this.#recorded) return false;
    const first = await this.#first();
    return first?.eventId !== this.#recorded.eventId || first.position !== this.#recorded.position;
  }

  /** Forgets it, so that it is recorded anew. */
  forget(): Write {
    this.#recorded = null;
    return { collection: eventOrigins.name, id: this.projection, document: null };
  }

  /** What belongs into the write of a page, where it is not recorded yet. */
  async record(): Promise<Write[]> {
    if (this.#recorded) return [];
    this.#recorded = await this.#first();
    return this.#recorded ? [{ collection: eventOrigins.name, id: this.projection, document: this.#recorded }] : [];
  }

  async #first(): Promise<Origin | null> {
    const { events } = await this.events.readAll({ hidden: true, limit: 1 });
    return events[0] ? { eventId: events[0].id, position: events[0].position } : null;
  }
}
