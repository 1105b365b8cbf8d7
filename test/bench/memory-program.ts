import 'reflect-metadata';
import { Activations } from '#platform/dispatch/activations';
import { anyObjectType } from '#platform/dispatch/object-registry';
import { Snapshots } from '#platform/dispatch/snapshots';
import { SqliteEventStore } from '#platform/event-store/sqlite-event-store.adapter';
import { SqliteReadStore } from '#platform/read-store/sqlite-read-store.adapter';
import { thing } from '#modules/things/thing';
import { seedThings } from './seed.js';

const OBJECTS = 10_000;

/** Bytes of the heap for each object. */
export interface MemoryTaken {
  readonly bytesEach: number;
}

/** Loads many objects into the cache and prints what that took. Needs `--expose-gc`. */
const store = await SqliteEventStore.open(':memory:');
const snapshots = new Snapshots(await SqliteReadStore.open(':memory:'));
await seedThings(store, 'Order', OBJECTS, 3);

const activations = new Activations(store, snapshots, { cachedObjects: OBJECTS + 1, snapshotEvery: 100 });
const load = (n: number) => activations.get(`main.Order-seed-${n}`, anyObjectType(thing));
await load(0);
const before = heapInUse();
for (let n = 1; n < OBJECTS; n++) await load(n);
const taken: MemoryTaken = { bytesEach: Math.round((heapInUse() - before) / (activations.size - 1)) };
console.log(JSON.stringify(taken));

function heapInUse(): number {
  globalThis.gc!();
  return process.memoryUsage().heapUsed;
}
