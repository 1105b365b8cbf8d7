import { parkedEvents, type ParkedKey } from '#platform/projecting/parked-events';
import type { ReadStore } from '#platform/read-store/read-store.port';
import { type ParkedFilter, toFilter } from './parked-work.js';

/** Parked work that failed for the same cause, in the same code. */
export interface ParkedGroup {
  readonly projection: string;
  readonly cause: string;
  /** Of the code that failed. */
  readonly version: string;
  /** The message of one of them. */
  readonly message: string;
  /** One of them. */
  readonly example: string;
  readonly eventTypes: readonly string[];
  /** Parked keys, and events without a key. */
  readonly keys: number;
  /** Events that are not in the read model for it, with those that wait. */
  readonly events: number;
  /** When the first and the last of them were parked. */
  readonly first: string;
  readonly last: string;
}

const PAGE = 1_000;
const FIELDS = ['projection', 'cause', 'codeVersion', 'error.message', 'event.type', 'waiting.count', 'parkedAt'];
const MOST_TYPES = 20;

/** All groups, the largest first. Looks at every parked key. */
export async function groupParked(documents: ReadStore, filter: ParkedFilter): Promise<ParkedGroup[]> {
  const groups = new Map<string, ParkedGroup>();
  let cursor: string | undefined;
  do {
    const query = { filter: toFilter(filter), fields: FIELDS, limit: PAGE, cursor };
    const page = await documents.query<ParkedKey>(parkedEvents.name, query);
    for (const { id, document } of page.items) {
      const key = `${document.projection} ${document.cause} ${document.codeVersion}`;
      groups.set(key, withOne(groups.get(key) ?? begin(id, document), document));
    }
    cursor = page.next;
  } while (cursor !== undefined);
  return [...groups.values()].sort((a, b) => b.keys - a.keys || (a.first < b.first ? -1 : 1));
}

function begin(example: string, { projection, cause, codeVersion, error, parkedAt }: ParkedKey): ParkedGroup {
  const { message } = error;
  const nothingYet = { eventTypes: [], keys: 0, events: 0, first: parkedAt, last: parkedAt };
  return { projection, cause, version: codeVersion, message, example, ...nothingYet };
}

function withOne(group: ParkedGroup, { event, waiting, parkedAt }: ParkedKey): ParkedGroup {
  const { eventTypes, first, last } = group;
  const isNew = !eventTypes.includes(event.type) && eventTypes.length < MOST_TYPES;
  return {
    ...group,
    eventTypes: isNew ? [...eventTypes, event.type] : eventTypes,
    keys: group.keys + 1,
    events: group.events + 1 + waiting.count,
    first: parkedAt < first ? parkedAt : first,
    last: parkedAt > last ? parkedAt : last,
  };
}
