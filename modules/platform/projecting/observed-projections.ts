import type { OnApplicationBootstrap } from '@nestjs/common';
import { systemClock, type Clock } from '#kernel/clock';
import { START } from '#kernel/event';
import type { Projection } from '#kernel/projection';
import type { EventStore } from '../event-store/event-store.port.js';
import type { ReadStore } from '../read-store/read-store.port.js';
import { projectionBuilds } from './building/build-record.js';
import { eventOrigins } from './event-origin.js';
import { lagAfter } from './waiting/lag.js';
import { parkedEvents } from './parked-events.js';
import { pausedProjections } from './paused-projections.js';
import { ProjectionStatuses, type ProjectionStatus } from './projection-status.js';

/** Projections that run in other processes, while this one queries what they write. */
export class ObservedProjections extends ProjectionStatuses implements OnApplicationBootstrap {
  constructor(
    private readonly projections: readonly Projection<object>[],
    private readonly events: EventStore,
    private readonly documents: ReadStore,
  ) {
    super();
  }

  /** The read models may be queried before any worker has ever run. */
  async onApplicationBootstrap(): Promise<void> {
    for (const { readModel } of this.projections) await this.documents.define(readModel);
    for (const model of [parkedEvents, eventOrigins, projectionBuilds, pausedProjections])
      await this.documents.define(model);
  }

  statuses(): Promise<readonly ProjectionStatus[]> {
    return Promise.all(this.projections.map((each) => statusElsewhere(each, this.events, this.documents, systemClock)));
  }
}

/** How a projection is doing that another process runs, as far as the stores tell. Rejects where they do not. */
export async function statusElsewhere(
  projection: Projection<object>,
  events: EventStore,
  documents: ReadStore,
  clock: Clock,
): Promise<ProjectionStatus> {
  const { name, version } = projection;
  const checkpoint = await documents.checkpoint(name);
  const [{ seconds, position }, parkedKeys] = await Promise.all([
    lagAfter(checkpoint?.position ?? START, projection, events, clock),
    documents.count(parkedEvents.name, { projection: name }),
  ]);
  return { name, version, state: 'elsewhere', position, lagSeconds: seconds, parkedKeys };
}
