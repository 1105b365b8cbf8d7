import { BSON, type AnyBulkWriteOperation, type Collection } from 'mongodb';
import { sortable, type MongoDbDocument, type State } from './mongodb-document.js';
import { stored } from './mongodb-content.js';
import { tooLarge, type MongoDbServer } from './mongodb-server.js';
import type { Write } from './read-store.port.js';

type Operation = AnyBulkWriteOperation<MongoDbDocument>;

/** Less than the server's 16 MiB by what an operation adds to a document. */
const MAX_BYTES = 16 * 2 ** 20 - 4_096;

/** Changes in one command. */
export const AT_ONCE = 1_000;
/**
 * Updates in one command of FerretDB on SQLite, which for each looks at every document: that took it 4 ms for 1,000 documents and
 * 22 ms for 11,000. A command of more would outlast its connection where there are many documents.
 */
const AT_ONCE_ON_FERRETDB = 50;

/** What becomes of one document, as it was when the write was asked for. */
export interface Change {
  readonly collection: string;
  readonly id: string;
  /** Undefined where the document is removed and nothing needs to tell. */
  readonly state: State | undefined;
  /** Whether only an earlier state may be replaced. */
  readonly guarded: boolean;
}

/** One change a document: the last one asked for. Throws DocumentNotStorable. `guards` are for stores without transactions. */
export function changesOf(writes: readonly Write[], { isFerretDb }: MongoDbServer, guards: boolean): Change[] {
  const changes = new Map<string, Change>();
  for (const { collection, id, document, position } of writes) {
    const guarded = guards && position !== undefined;
    const at = sortable(position);
    const content = document && stored(document, !isFerretDb);
    // Whoever comes late with an earlier state must find that there is a later one.
    const mark = guarded ? { at, removed: new Date() } : undefined;
    const state = content ? { at, document: content } : mark;
    if (content && BSON.calculateObjectSize({ _id: id, state }) > MAX_BYTES) throw tooLarge();
    changes.set(JSON.stringify([collection, id]), { collection, id, state, guarded });
  }
  return [...changes.values()];
}

/** Each in a step of its own that finds its document by the id alone, and may be repeated. */
export function upserts(changes: readonly Change[]): Operation[] {
  // As if for many: FerretDB does not let go of what it has read before it has read to the end.
  return changes.map(({ id: _id, state, guarded }): Operation => {
    if (!state) return { deleteMany: { filter: { _id } } };
    // States compare by their positions first.
    const update = guarded ? { $max: { state } } : { $set: { state } };
    return { updateMany: { filter: { _id }, update, upsert: true } };
  });
}

/** For a transaction, and for a single document: nobody sees it half done. */
export function replacements(changes: readonly Change[]): Operation[] {
  return changes.map(({ id: _id, state }): Operation =>
    state
      ? { replaceOne: { filter: { _id }, replacement: { state }, upsert: true } }
      : { deleteOne: { filter: { _id } } },
  );
}

/** The ids of those that are there. */
export async function idsThere(
  documents: Collection<MongoDbDocument>,
  changes: readonly Change[],
): Promise<ReadonlySet<string>> {
  // One more than there can be: the server knows at once that it has sent all.
  const options = { projection: { _id: 1 }, batchSize: changes.length + 1 };
  const found = documents.find({ _id: { $in: changes.map(({ id }) => id) } }, options);
  return new Set((await found.toArray()).map(({ _id }) => _id));
}

/** Updates in one command, at most. By bytes the driver cuts. */
export function updatesAtOnce({ isFerretDb }: MongoDbServer): number {
  return isFerretDb ? AT_ONCE_ON_FERRETDB : AT_ONCE;
}

export function inParts<T>(all: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, i) => all.slice(i * size, (i + 1) * size));
}
