import { createHash } from 'node:crypto';
import type { Collection } from 'mongodb';
import type { IndexDefinition } from '#kernel/projection';
import { ID_PATH } from './document-path.js';
import { DOCUMENT, type MongoDbDocument } from './mongodb-document.js';
import { storedPath } from './mongodb-content.js';
import { codeOf, isParallelArrays } from './mongodb-server.js';

/** What the names of our own indexes begin with. */
const OURS = 'perdure:';

/** Makes the indexes that are declared and missing, and drops those of ours that nobody declares any more. */
export async function defineIndexes(
  documents: Collection<MongoDbDocument>,
  before: readonly IndexDefinition[],
  declared: readonly IndexDefinition[],
): Promise<readonly IndexDefinition[]> {
  const wanted = withoutId(declared);
  if (JSON.stringify(before) === JSON.stringify(wanted)) return wanted;
  const there = await documents.indexes().catch((error: unknown) => {
    // Another process has noted the collection and not made it yet: the first index makes it.
    if (codeOf(error) === 26) return [];
    throw error;
  });
  const names = new Set(there.map(({ name }) => name!).filter((name) => name.startsWith(OURS)));
  for (const index of wanted) if (!names.has(nameOf(index))) await create(documents, index);
  const kept = new Set(wanted.map(nameOf));
  for (const name of names) if (!kept.has(name)) await documents.dropIndex(name).catch(unlessGone);
  return wanted;
}

/**
 * Leaves of each index over several fields only what lies over its first: MongoDB refuses a document in which two fields of an index
 * are arrays.
 */
export async function cutIndexes(documents: Collection<MongoDbDocument>): Promise<void> {
  for (const { name, key } of await documents.indexes()) {
    const fields = Object.keys(key as object).filter((field) => field !== '_id');
    if (!name?.startsWith(OURS) || fields.length < 2) continue;
    await documents.dropIndex(name).catch(unlessGone);
    await documents.createIndex({ [fields[0]!]: 1, _id: 1 }, { name });
  }
}

async function create(documents: Collection<MongoDbDocument>, index: IndexDefinition): Promise<void> {
  const { fields } = index;
  const name = nameOf(index);
  const keys = (paths: readonly string[]) =>
    Object.fromEntries([...paths.map((path) => [storedPath(path, DOCUMENT), 1] as const), ['_id', 1]]);
  try {
    await documents.createIndex(keys(fields), { name });
  } catch (error) {
    if (!isParallelArrays(error)) throw error;
    await documents.createIndex(keys(fields.slice(0, 1)), { name });
  }
}

/** Each once, and without the id, which every index ends in. */
function withoutId(declared: readonly IndexDefinition[]): IndexDefinition[] {
  const cut = declared.map(({ fields }) => ({
    fields: fields.includes(ID_PATH) ? fields.slice(0, fields.indexOf(ID_PATH)) : fields,
  }));
  return cut.filter(
    (index, i) => index.fields.length > 0 && cut.findIndex((other) => nameOf(other) === nameOf(index)) === i,
  );
}

/** With a digest, for names that differ only in upper and lower case: FerretDB makes names in SQLite of them. */
function nameOf({ fields }: IndexDefinition): string {
  const digest = createHash('sha256').update(JSON.stringify(fields)).digest('hex').slice(0, 8);
  return `${OURS}${fields.join(',')}:${digest}`;
}

function unlessGone(error: unknown): void {
  if (codeOf(error) !== 27) throw error;
}
