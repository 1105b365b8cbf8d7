import type { DomainEvent, Recorded } from './event.js';

/** One version of an event type's shape. Versions count from 1. */
export interface EventShape {
  readonly type: string;
  readonly version: number;
}

/**
 * Lifts events of one stored shape into later ones: renamed (another type), changed (a later version), split (several) or dropped
 * (none). The store is never changed; whoever reads gets what the upcaster makes. Upcasters are chained: what one makes, the next
 * one of that shape lifts on. See `migrations/events/upcasters.ts`.
 */
export interface Upcaster {
  readonly from: EventShape;
  /** Every shape that `up` may make; none where it drops the event. */
  readonly into: readonly EventShape[];
  /** What the event is today, in order. Pure and total: it must know whatever was ever stored in this shape. */
  readonly up: (event: Recorded) => readonly DomainEvent[];
}

/**
 * Declares an upcaster, with the type of the old data.
 *
 * @example
 * upcaster<{ name: string }>('task.opened@1', ['task.created@1'], ({ data }) => [
 *   { type: 'task.created', data: { title: data.name } },
 * ]);
 */
export function upcaster<Data extends object>(
  from: `${string}@${number}`,
  into: readonly `${string}@${number}`[],
  up: (event: Recorded<DomainEvent & { readonly data: Data }>) => readonly DomainEvent[],
): Upcaster {
  return { from: shapeOf(from), into: into.map(shapeOf), up: up as Upcaster['up'] };
}

/** `task.created@2` is version 2 of `task.created`. */
export function nameOfShape({ type, version }: EventShape): string {
  return `${type}@${version}`;
}

function shapeOf(name: string): EventShape {
  const at = name.lastIndexOf('@');
  return { type: name.slice(0, at), version: Number(name.slice(at + 1)) };
}
