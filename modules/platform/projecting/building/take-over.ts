import type { Position } from '#kernel/event';
import type { Projection } from '#kernel/projection';
import type { EventStore } from '#platform/event-store/event-store.port';
import { CollectionNotDefined } from '#platform/read-store/read-store.errors';
import type { ReadStore, Write } from '#platform/read-store/read-store.port';
import { parkedOf, projectionBuilds, type BuildRecord } from './build-record.js';
import { buildPass } from './build-pass.js';
import { eventOrigins } from '../event-origin.js';
import type { OwnCheckpoint } from '../own-checkpoint.js';
import { parkedEvents } from '../parked-events.js';
import { ProjectionBuild, type BuildOptions } from './projection-build.js';

/** Parked keys moved in one write. */
const BATCH = 1_000;

/** Of no projection: whoever finds it at a live checkpoint must not go on from there. */
const BEING_REPLACED = 0;

/**
 * Puts a finished build in the place of the live read model. `live` is the projection's own checkpoint, loaded, in the hands of
 * its runner. Each step may be repeated, and the record says from where: killed at any moment, it is brought to its end at the next
 * start of a runner of the same version; one of another version builds its own.
 *
 * 1. The build catches up. 2. The record says that the take-over has begun. 3. The live checkpoint says so too, so that nobody goes on
 * from it. 4. The build's parked keys become the projection's. 5. The collection takes its place, in one step for queries. 6. The
 * live checkpoint is the build's. 7. The record says that it is done.
 */
async function takeOver(
  build: ProjectionBuild,
  live: OwnCheckpoint,
  events: EventStore,
  documents: ReadStore,
  signal: AbortSignal,
): Promise<Position> {
  const { name, readModel, version } = build.projection;
  if (build.record!.phase === 'ready') {
    await buildPass(events, [build.resumed()], { signal });
    await build.mark({ phase: 'taking-over' });
  }
  const { collection, origin } = build.record!;
  const { position } = build.checkpoint.stored!;
  await live.write([], { position: live.stored?.position ?? position, version: BEING_REPLACED });
  await removeParked(name, documents, (writes) => live.write(writes));
  await copyParked(parkedOf(collection), documents, (writes) => live.write(writes));
  try {
    await documents.replace(readModel.name, collection);
  } catch (error) {
    if (!(error instanceof CollectionNotDefined)) throw error; // it has its place already
  }
  await live.write([{ collection: eventOrigins.name, id: name, document: origin }], { position, version });
  // Only then are the build's parked keys no longer needed. What a kill leaves of them goes when the next build begins.
  await build.mark({ phase: 'done' });
  await documents.drop(parkedOf(collection));
  return position;
}

/** Whether a build is complete that a runner of this projection, in this version, may take over. */
export function isReadyFor(projection: Projection<object>, build: BuildRecord | null): boolean {
  const isComplete = build?.phase === 'ready' || build?.phase === 'taking-over';
  return isComplete && build.version === projection.version;
}

/**
 * Lets the projection's build take the place of its live read model, where it is ready. The answer is the position that the read model
 * is at then; undefined where there was nothing to take over.
 */
export async function takeOverIfReady(
  projection: Projection<object>,
  live: OwnCheckpoint,
  events: EventStore,
  documents: ReadStore,
  signal: AbortSignal,
  options: BuildOptions,
): Promise<Position | undefined> {
  const found = await documents.get<BuildRecord>(projectionBuilds.name, projection.name);
  if (!isReadyFor(projection, found)) return undefined;
  const build = await ProjectionBuild.open(projection, events, documents, signal, options);
  if (!build) return undefined;
  try {
    if (!isReadyFor(projection, build.record)) return undefined;
    const isOfAnotherStore = build.record!.phase === 'ready' && (await build.isOfAnotherStore());
    if (!isOfAnotherStore) return await takeOver(build, live, events, documents, signal);
    await build.mark({ phase: 'beginning' });
    return undefined;
  } finally {
    await build.close();
  }
}

type Writing = (writes: readonly Write[]) => Promise<void>;

async function removeParked(projection: string, documents: ReadStore, write: Writing): Promise<void> {
  for (;;) {
    const { items } = await documents.query(parkedEvents.name, { filter: { projection }, limit: BATCH });
    if (items.length === 0) return;
    await write(items.map(({ id }) => ({ collection: parkedEvents.name, id, document: null })));
  }
}

async function copyParked(from: string, documents: ReadStore, write: Writing): Promise<void> {
  await documents.define({ name: from, indexes: [] });
  let cursor: string | undefined;
  do {
    const page = await documents.query(from, { limit: BATCH, ...(cursor === undefined ? {} : { cursor }) });
    if (page.items.length > 0) {
      await write(page.items.map(({ id, document }) => ({ collection: parkedEvents.name, id, document })));
    }
    cursor = page.next;
  } while (cursor !== undefined);
}
