import type { Finding, NamedEvent } from './verification.js';

/** An event of the store with the hash that its leaf has now. */
export interface HashedEvent {
  readonly event: NamedEvent;
  readonly hash: Uint8Array;
}

/** Events and hashes from the first difference on that are compared, to tell a removed one from a changed one. */
export const COMPARED = 2_000;

/**
 * What happened where the events differ from the hashes that were signed for the first time. Both lists begin there: the events as
 * they stand, and the hashes that were signed; so many leaves were signed in all.
 */
export function firstDifference(
  index: number,
  before: NamedEvent | undefined,
  events: readonly HashedEvent[],
  signed: readonly Uint8Array[],
  size: number,
): Finding {
  const [found] = events;
  if (!found) {
    const detail = `The log ends before event ${index}, which was signed: the last ones were removed.`;
    return { kind: 'removed', index, count: size - index, ...(before && { before }), detail };
  }
  const wasLater = indexOf(signed, found.hash);
  const isLater = indexOf(
    events.map(({ hash }) => hash),
    signed[0]!,
  );
  const { event } = found;
  const name = `${nameOf(event)}`;
  if (wasLater > 0 && isLater > 0) {
    return { kind: 'moved', event, detail: `${name} stands ${wasLater} places before the one that it was signed at.` };
  }
  if (wasLater > 0) {
    const gone = wasLater === 1 ? 'an event was' : `${wasLater} events were`;
    const place = before ? `Between ${nameOf(before)} and ${name}` : `Before ${name}`;
    const places = { index, count: wasLater, ...(before && { before }), after: event };
    return { kind: 'removed', ...places, detail: `${place} ${gone} removed.` };
  }
  if (isLater > 0) {
    const more = isLater > 1 ? `, and ${isLater - 1} more after it` : '';
    return { kind: 'inserted', event, detail: `${name} was inserted${more}: it was never signed.` };
  }
  return { kind: 'changed', event, detail: `${name} is not as it was signed.` };
}

export function nameOf({ index, type, stream, revision, id }: NamedEvent): string {
  return `event ${index} ('${type}' at ${stream}/${revision}, ${id})`;
}

function indexOf(hashes: readonly Uint8Array[], hash: Uint8Array): number {
  return hashes.findIndex((each) => Buffer.compare(each, hash) === 0);
}
