import type { Projection } from '#kernel/projection';
import type { Filter, ReadStore } from '../read-store/read-store.port.js';
import { parkedEvents } from './parked-events.js';

/** Documents removed in one write. */
const BATCH = 1_000;

/** Removes all documents and parked keys of a projection, some at a time. Done half, it may be done again. */
export async function clearReadModel(projection: Projection<object>, documents: ReadStore): Promise<void> {
  await remove(documents, projection.readModel.name);
  await remove(documents, parkedEvents.name, { projection: projection.name });
}

async function remove(documents: ReadStore, collection: string, filter?: Filter): Promise<void> {
  for (;;) {
    const { items } = await documents.query(collection, { filter, limit: BATCH });
    if (items.length === 0) return;
    await documents.write(items.map(({ id }) => ({ collection, id, document: null })));
  }
}
