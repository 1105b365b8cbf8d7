import type { ResolvedEvent } from './links.js';

/** An event on its way through a group. */
export interface Message {
  /** By which consumers acknowledge it: the link's id, or the event's where no link led to it. */
  readonly id: string;
  readonly resolved: ResolvedEvent;
  /** How often it was sent before. */
  readonly retryCount: number;
  /** Whether it comes from the source, or was parked and is replayed. */
  readonly origin: 'source' | 'parked';
  /** Its number in the progress of its origin. */
  readonly number: number;
}

export function message(resolved: ResolvedEvent, origin: Message['origin'], number: number): Message {
  return { id: (resolved.link ?? resolved.event)!.id, resolved, retryCount: 0, origin, number };
}
