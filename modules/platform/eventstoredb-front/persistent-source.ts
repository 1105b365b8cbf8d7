import { type Position, type Recorded, START } from '#kernel/event';
import { StreamDeleted } from '#platform/event-store/event-store.errors';
import type { EventStore } from '#platform/event-store/event-store.port';
import { EVERYTHING } from './all-filter.js';
import { isBookkeepingOfAll } from './persistent-checkpoint.js';
import { groupFilter } from './persistent-filter.js';
import { ALL, type GroupFilter } from './persistent-settings.js';
import { justBefore, logPosition, positionOf } from './positions.js';

/** Events of `$all` that are fetched at once where the store cannot look for the right ones itself. */
const LOOKED_AT = 500;

/** Part of a source. */
export interface SourcePage {
  readonly events: readonly Recorded[];
  /** Read on from here; everything up to it was looked at. Undefined where there is nothing yet. */
  readonly at: string | undefined;
  readonly end: boolean;
}

/**
 * What a group reads. Places in it are texts: of a stream revisions, of `$all` positions as `C:<commit>/P:<prepare>`, as
 * EventStoreDB writes them into checkpoints.
 */
export interface Source {
  placeOf(event: Recorded): string;
  /** What comes after a place, or from the beginning. */
  read(after: string | undefined, limit: number): Promise<SourcePage>;
  /** The last place there is now, or a place before the first event. */
  last(): Promise<string>;
  /** The place before a given one, in the words of `GroupSettings.startFrom`; undefined: the beginning. */
  before(place: string): string | undefined;
  /** Whether there may be something new for the group since this event. */
  concerns(event: Recorded): boolean;
}

export function openSource(store: EventStore, source: string, filter: GroupFilter | undefined): Source {
  return source === ALL ? allSource(store, filter) : streamSource(store, source);
}

function streamSource(store: EventStore, stream: string): Source {
  return {
    placeOf: ({ revision }) => String(revision),
    concerns: (event) => event.stream === stream,
    before: (place) => (place === '0' ? undefined : String(Number(place) - 1)),
    async last() {
      const { lastRevision } = await store.read(stream, { direction: 'backwards', limit: 1 });
      return String(lastRevision);
    },
    async read(after, limit) {
      const from = after === undefined ? 0 : Number(after) + 1;
      try {
        const { events, lastRevision } = await store.read(stream, { from, limit });
        // What is hidden up to the end was looked at as well.
        const at = events.at(-1)?.revision ?? Math.max(lastRevision, from - 1);
        return { events, at: at < 0 ? undefined : String(at), end: at >= lastRevision };
      } catch (error) {
        if (!(error instanceof StreamDeleted)) throw error;
        return { events: [], at: after, end: true };
      }
    },
  };
}

function allSource(store: EventStore, condition: GroupFilter | undefined): Source {
  const filter = condition ? groupFilter(condition) : EVERYTHING;
  return {
    placeOf: ({ position }) => placeAt(position),
    concerns: ({ stream }) => !isBookkeepingOfAll(stream),
    before: (place) => placeAt(justBefore(positionAt(place))),
    last: async () => placeAt(await store.head()),
    async read(after, limit) {
      const { events, position, end } = await store.readAll({
        position: after === undefined ? START : positionAt(after),
        limit: filter.pushed ? limit : Math.max(limit, LOOKED_AT),
        system: true,
        ...(filter.pushed && { filter: filter.pushed }),
      });
      const wanted = events.filter((event) => !isBookkeepingOfAll(event.stream) && filter.matches(event));
      if (wanted.length <= limit) return { events: wanted, at: placeAt(position), end };
      return { events: wanted.slice(0, limit), at: placeAt(wanted[limit - 1]!.position), end: false };
    },
  };
}

function placeAt(position: Position): string {
  const { commit, prepare } = logPosition(position);
  return `C:${commit}/P:${prepare}`;
}

const BEYOND = String(Number.MAX_SAFE_INTEGER);

function positionAt(place: string): Position {
  const [, commit = '0'] = /^C:(\d+)\/P:\d+$/.exec(place) ?? [];
  const position = positionOf(commit);
  return position === 'end' ? BEYOND : position;
}
