import type { Projection } from '#kernel/projection';
import type { ReadStore, Write } from '../read-store/read-store.port.js';
import { parkedEvents } from './parked-events.js';

/** Parked keys removed in one write. */
const BATCH = 1_000;

/**
 * Removes all documents and parked keys of a projection. Done half, it may be done again. `write` must reject where another process
 * runs the projection: the one that emptied it later would remove what the other has written since.
 */
export async function emptyReadModel(
  { name, readModel }: Projection<object>,
  documents: ReadStore,
  write: (writes: readonly Write[]) => Promise<void>,
): Promise<void> {
  for (;;) {
    const { items } = await documents.query(parkedEvents.name, { filter: { projection: name }, limit: BATCH });
    if (items.length === 0) break;
    await write(items.map(({ id }) => ({ collection: parkedEvents.name, id, document: null })));
  }

  const empty = { ...readModel, name: `${readModel.name}/next` };
  await documents.drop(empty.name);
  await documents.define(empty);
  // A later owner drops the empty collection first, and so takes from a late `replace` what it would put in place.
  await write([]);
  await documents.replace(readModel.name, empty.name);
}
