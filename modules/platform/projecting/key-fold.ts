import type { Recorded } from '#kernel/event';
import type { Projection } from '#kernel/projection';
import { backoff, type RetryPolicy } from './retry-policy.js';

/** An event that the projection threw on. */
export interface Failure {
  readonly event: Recorded;
  readonly error: unknown;
  readonly attempts: number;
}

/** A key's document after its events, or after those before the first that failed. */
export interface Folded {
  readonly document: object | null;
  readonly failure?: Failure;
}

/** The events by the key of their document, in order; those without one are left out, those whose key fails are told. */
export function groupByKey(
  projection: Projection<object>,
  events: readonly Recorded[],
): { groups: Map<string, Recorded[]>; failures: Failure[] } {
  const groups = new Map<string, Recorded[]>();
  const failures: Failure[] = [];
  for (const event of events) {
    try {
      const key = projection.key(event);
      if (key === null) continue;
      const group = groups.get(key);
      if (group) group.push(event);
      else groups.set(key, [event]);
    } catch (error) {
      failures.push({ event, error, attempts: 1 });
    }
  }
  return { groups, failures };
}

/** Several events with one position were stored as one: they pass together or not at all. */
export function foldKey(projection: Projection<object>, before: object | null, events: readonly Recorded[]): Folded {
  let document = before;
  let stored = { document, first: events[0] };
  for (const event of events) {
    if (event.position !== stored.first!.position) stored = { document, first: event };
    try {
      document = projection.evolve(document, event);
    } catch (error) {
      return { document: stored.document, failure: { event: stored.first!, error, attempts: 1 } };
    }
  }
  return { document };
}

/** Goes on from the event that failed, with a pause before each attempt, until it passes or has been tried often enough. */
export async function foldAgain(
  projection: Projection<object>,
  events: readonly Recorded[],
  folded: Folded,
  retry: RetryPolicy,
  signal: AbortSignal,
): Promise<Folded> {
  let { document, failure } = folded;
  while (failure && failure.attempts < retry.attempts) {
    await retry.delay(backoff(failure.attempts), signal);
    const again = foldKey(projection, document, events.slice(events.indexOf(failure.event)));
    const sameEvent = again.failure?.event === failure.event;
    document = again.document;
    failure = again.failure && { ...again.failure, attempts: sameEvent ? failure.attempts + 1 : 1 };
  }
  return { document, failure };
}
