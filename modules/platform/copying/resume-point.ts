import { DomainError } from '#kernel/errors';
import { START, type Position, type Recorded } from '#kernel/event';
import { StreamDeleted } from '../event-store/event-store.errors.js';
import type { EventStore } from '../event-store/event-store.port.js';
import { copiedEvents, isCopied } from './copied-events.js';

/** Events at the end of the copy that are looked for in the original. */
const LOOK_BACK = 1_000;

/** The copy has events of its own: its streams and the original's would get mixed up. */
export class NotACopy extends DomainError {
  constructor() {
    super(
      'conflict',
      'not-a-copy',
      'The store that is to be the copy has events that do not come from the original. Copy into an empty store.',
    );
  }
}

/**
 * Where a copy goes on: the place in the original of the last event that the copy has, `START` where it has none. Nothing is
 * written down about a copy under way; its own events say how far it came. Rejects with NotACopy.
 */
export async function resumePoint(from: EventStore, to: EventStore): Promise<Position> {
  const first = await firstOf(to);
  if (!first) return START;
  if ((await firstOf(from))?.id !== first.id) throw new NotACopy();
  const last = await to.readAll({ direction: 'backwards', system: true, hidden: true, limit: LOOK_BACK });
  for (const event of last.events.filter(isCopied)) {
    const original = await same(from, event);
    if (original) return original.position;
  }
  return START; // what stands already is passed over
}

async function firstOf(store: EventStore): Promise<Recorded | undefined> {
  for await (const { events } of copiedEvents(store)) if (events[0]) return events[0];
  return undefined;
}

/** The event at the same place in the other store; undefined where it is hidden, deleted or another one. */
async function same(store: EventStore, { stream, revision, id }: Recorded): Promise<Recorded | undefined> {
  try {
    const [event] = (await store.read(stream, { from: revision, limit: 1 })).events;
    return event?.revision === revision && event.id === id ? event : undefined;
  } catch (error) {
    if (error instanceof StreamDeleted) return undefined;
    throw error;
  }
}
