import type { JsonObject } from '#kernel/json';
import type { ReadStore } from '#platform/read-store/read-store.port';
import { listNouns, type NounDocument } from '#read-models/nouns';
import { countThings, things } from '#read-models/things';

/**
 * How many things name the subject, as of moments ago: those whose noun has personal fields, and says that they are about it. Things
 * that were deleted are not counted.
 */
export async function countThingsOf(store: ReadStore, tenant: string, subject: string): Promise<number> {
  let count = 0;
  for (let cursor: string | undefined, more = true; more;) {
    const page = await listNouns(store, tenant, { cursor });
    for (const { document } of page.items) count += await countOf(store, document, subject);
    cursor = page.next;
    more = cursor !== undefined;
  }
  return count;
}

async function countOf(store: ReadStore, { tenant, noun, schema }: NounDocument, subject: string): Promise<number> {
  if (!schema || !JSON.stringify(schema).includes('"x-personal":true')) return 0;
  const field = schema['x-subject'];
  if (field === undefined) {
    // The subject's id is the rest of the stream's name, then.
    const isOwn = subject.startsWith(`${noun}-`);
    return isOwn && (await store.get(things.name, `${tenant}.${subject}`)) ? 1 : 0;
  }
  if (typeof field !== 'string' || field.includes('.')) return 0;
  const where: JsonObject = { [field]: subject };
  return countThings(store, `${tenant}.${noun}`, { where, deleted: 'with' });
}
