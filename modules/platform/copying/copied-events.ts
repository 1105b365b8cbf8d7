import { createHash } from 'node:crypto';
import { START, type Position, type Recorded } from '#kernel/event';
import type { AllSlice, EventStore } from '../event-store/event-store.port.js';

/** Events that are read at once. */
const PAGE = 2_000;

/**
 * Beginnings of the system streams that a server keeps for itself: its settings and users, what its projections made of other
 * streams, and how far consumers are, which counts in its own positions.
 */
const OF_THE_SERVER = [
  ...['settings', 'user', 'scavenge', 'stats', 'mem-', 'epoch', 'projections', 'persistentsubscription', 'perdure-'],
  ...['ce-', 'et', 'bc-', 'category-', 'stream-', 'streams'],
];

/** Whether an event belongs to what a copy takes along: everything but what a server keeps for itself. */
export function isCopied({ stream }: Recorded): boolean {
  if (!stream.startsWith('$')) return true;
  const name = stream.slice(stream.startsWith('$$$') ? 3 : stream.startsWith('$$') ? stream.length : 1).toLowerCase();
  return !OF_THE_SERVER.some((beginning) => name.startsWith(beginning));
}

/** The events that a copy takes along, after a position and up to the end that the store has on the way, in pages. */
export async function* copiedEvents(store: EventStore, after: Position = START): AsyncGenerator<AllSlice> {
  const read = (position: Position): Promise<AllSlice> => {
    const slice = store.readAll({ position, system: true, hidden: true, limit: PAGE });
    slice.catch(() => {}); // reported when the page's turn comes
    return slice;
  };
  let next = read(after);
  for (;;) {
    const page = await next;
    if (!page.end) next = read(page.position);
    yield { ...page, events: page.events.filter(isCopied) };
    if (page.end) return;
  }
}

/**
 * SHA-256 over everything in the event that a copy keeps: all but its position. JSON counts by its meaning: some stores spell it
 * their own way.
 */
export function digestOf({ stream, revision, id, type, recordedAt, data, metadata }: Recorded): Buffer {
  const head = JSON.stringify([stream, revision, id, type, recordedAt]);
  return createHash('sha256').update(head).update(bytesOf(data)).update(bytesOf(metadata)).digest();
}

/** JSON and bytes that happen to look like it are told apart by their first byte. */
function bytesOf(content: object): Buffer {
  if (content instanceof Uint8Array) return Buffer.concat([Buffer.of(0), content]);
  return Buffer.from(`\u0001${JSON.stringify(content)}`);
}
