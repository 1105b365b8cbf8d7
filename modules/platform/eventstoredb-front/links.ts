import type { Recorded } from '#kernel/event';
import { contentOf } from '#platform/event-store/event-content';
import { DomainError } from '#kernel/errors';
import type { EventStore } from '#platform/event-store/event-store.port';

/** An event as a reader gets it: what a link points to, and the link. */
export interface ResolvedEvent {
  /** Missing where a link points to nothing. */
  readonly event?: Recorded;
  readonly link?: Recorded;
}

export const LINK = '$>';

/** Follows links if asked to: events of type `$>` whose data is `<revision>@<stream>`. */
export async function resolve(store: EventStore, event: Recorded, follow: boolean): Promise<ResolvedEvent> {
  if (!follow || event.type !== LINK) return { event };
  const target = await targetOf(store, event);
  return { link: event, ...(target && { event: target }) };
}

/** Where a link leads, or undefined for another event. */
export function linkTarget(event: Recorded): { readonly stream: string; readonly revision: number } | undefined {
  if (event.type !== LINK) return undefined;
  const [, revision, stream] = /^(\d{1,15})@(.+)$/s.exec(Buffer.from(contentOf(event).data).toString()) ?? [];
  return revision === undefined || stream === undefined ? undefined : { stream, revision: Number(revision) };
}

async function targetOf(store: EventStore, link: Recorded): Promise<Recorded | undefined> {
  const target = linkTarget(link);
  if (!target) return undefined;
  try {
    const { events } = await store.read(target.stream, { from: target.revision, limit: 1 });
    return events.find(({ revision }) => revision === target.revision);
  } catch (error) {
    // A tombstone, or a name that no stream can have: the link points to nothing. That the store is away is another matter.
    if (error instanceof DomainError && !error.retryable) return undefined;
    throw error;
  }
}
