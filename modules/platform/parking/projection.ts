import type { Attributed } from '#kernel/event';
import { objectType } from '#kernel/object-type';
import type { ProjectionEvent } from '#platform/projecting/projection.events';
import { RequestReplay, SkipEvent } from './projection.commands.js';

/** What operators did about a projection. Its read model is no part of this. */
export type OperatedProjection =
  { readonly status: 'absent' } | { readonly status: 'operated'; readonly skipped: readonly string[] };

function evolve(projection: OperatedProjection, event: Attributed<ProjectionEvent>): OperatedProjection {
  const skipped = projection.status === 'absent' ? [] : projection.skipped;
  switch (event.type) {
    case 'projection.eventSkipped':
      return { status: 'operated', skipped: [...skipped, event.data.eventId] };
    case 'projection.replayRequested':
      return { status: 'operated', skipped };
  }
}

export function skip(projection: OperatedProjection, { key, ...event }: SkipEvent): ProjectionEvent[] {
  if (projection.status === 'operated' && projection.skipped.includes(event.eventId)) return [];
  return [{ type: 'projection.eventSkipped', data: { ...event, key: key ?? null } }];
}

export function requestReplay(_projection: OperatedProjection, { ids }: RequestReplay): ProjectionEvent[] {
  return [{ type: 'projection.replayRequested', data: { ids } }];
}

export const projection = objectType<OperatedProjection, ProjectionEvent>('projection', { status: 'absent' }, evolve)
  .addressedBy(({ projection: id }: SkipEvent | RequestReplay) => ({ type: 'projection', id }))
  .on(SkipEvent, skip)
  .on(RequestReplay, requestReplay);
