import { START, type Position } from '#kernel/event';
import type { ReadModel } from '#kernel/projection';
import type { EventStore } from '../event-store/event-store.port.js';
import type { ReadStore, Write } from '../read-store/read-store.port.js';

/** The first event of a store, at its place: tells the store from all others, also from its copies that count otherwise. */
export interface Origin {
  readonly eventId: string;
  readonly position: Position;
}

export const eventOrigins: ReadModel<Origin> = { name: 'event_origins', indexes: [] };

/** null in an empty store. */
export async function firstEvent(store: EventStore): Promise<Origin | null> {
  let position = START;
  for (;;) {
    const slice = await store.readAll({ position, hidden: true, limit: 1 });
    const [first] = slice.events;
    if (first) return { eventId: first.id, position: first.position };
    if (slice.end || slice.position === position) return null;
    position = slice.position;
  }
}

export function isSameOrigin(a: Origin | null, b: Origin | null): boolean {
  return a?.eventId === b?.eventId && a?.position === b?.position;
}

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
    return this.#recorded !== null && !isSameOrigin(this.#recorded, await firstEvent(this.events));
  }

  /** What belongs into the write of a page, where it is not recorded yet. */
  async record(): Promise<Write[]> {
    if (this.#recorded) return [];
    this.#recorded = await firstEvent(this.events);
    return this.#recorded ? [{ collection: eventOrigins.name, id: this.projection, document: this.#recorded }] : [];
  }
}
