import { setImmediate } from 'node:timers/promises';
import { comparePositions, type Position, type Recorded } from '#kernel/event';
import type { EventFilter } from '#kernel/projection';
import type { AllSlice, EventStore } from '#platform/event-store/event-store.port';
import type { BuildTarget } from './build-target.js';
import { PageSize } from '../page-size.js';

/** Most events read and folded before the event loop has its turn again: about ten milliseconds for one simple projection. */
const PAGE = 1_000;

export interface PassOptions {
  readonly signal: AbortSignal;
  /** Told of each page: how many events were read, and up to where. */
  readonly onPage?: (events: number, position: Position) => void;
  /** Ends the pass with this position; default: the end of the store. */
  readonly until?: Position;
  /** Leaves out events that do not belong to it, though they come before its end. */
  readonly takes?: (event: Recorded) => boolean;
}

/**
 * Reads the events once for all targets, from where the first of them is, and folds them until the end is reached. Resolves when all is
 * stored; rejects with the signal's reason where that fires before.
 */
export async function buildPass(
  events: EventStore,
  targets: readonly BuildTarget[],
  options: PassOptions,
): Promise<void> {
  const { signal, onPage, until, takes } = options;
  const filter = commonFilter(targets.map((target) => target.filter));
  const size = new PageSize(PAGE);
  const read = (from: Position): Promise<AllSlice> => {
    const slice = events.readAll({ position: from, filter, limit: size.now });
    slice.catch(() => {}); // reported when the page's turn comes
    return slice;
  };
  const isPast = (position: Position): boolean => until !== undefined && comparePositions(position, until) > 0;

  const fold = async (): Promise<void> => {
    let next = read(targets.map(({ position }) => position).reduce((a, b) => (comparePositions(a, b) <= 0 ? a : b)));
    for (let isLast = false; !isLast;) {
      const page = await next;
      signal.throwIfAborted();
      const measured = size.measure();
      isLast = page.end || isPast(page.position) || page.position === until;
      if (!isLast) next = read(page.position);
      const wanted = page.events.filter((event) => !isPast(event.position) && (takes?.(event) ?? true));
      const position = isPast(page.position) ? until! : page.position;
      for (const target of targets) await target.fold(wanted, position, signal);
      measured(page.events.length);
      onPage?.(page.events.length, position);
      await setImmediate();
      signal.throwIfAborted();
    }
  };
  try {
    await fold();
  } catch (error) {
    // Whoever goes on later need not do this again.
    if (signal.aborted) for (const target of targets) await target.store().catch(() => {});
    throw error;
  }
  for (const target of targets) await target.store();
}

/** What lets through all that one of the filters does; a condition that one of them lacks cannot be kept. */
function commonFilter(filters: readonly (EventFilter | undefined)[]): EventFilter {
  const all = <Name extends keyof EventFilter>(name: Name): EventFilter[Name] => {
    const lists = filters.map((filter) => filter?.[name]);
    return lists.every((list) => list !== undefined) ? [...new Set(lists.flat())] : undefined;
  };
  const [streamPrefixes, types] = [all('streamPrefixes'), all('types')];
  return { ...(streamPrefixes && { streamPrefixes }), ...(types && { types }) };
}
