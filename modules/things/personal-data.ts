import type { Json, JsonObject } from '#kernel/json';
import { mergePatch } from '#kernel/merge-patch';
import type { PersonalContext } from '#kernel/object-type';
import { type PersonalData, replaceAt, segmentsOf } from '#kernel/personal';
import { isRecord, pointerTo } from '#platform/commands/json-fields';
import { isObjectId } from '#platform/event-store/stream-name';
import type { Noun } from './noun.js';
import { personalFields } from './personal-schema.js';
import type { Thing } from './thing.js';
import { InvalidThing } from './thing.errors.js';
import { factOf, type ThingEvent, type ThingFact } from './thing.events.js';

/** Where an event has data of the thing's form: after its verb, as `/patch`. */
const PARTS: { readonly [Verb in ThingFact['verb']]?: readonly string[] } = {
  created: ['data'],
  replaced: ['data'],
  updated: ['patch'],
  acted: ['set', 'data'],
};

/** Which values of a thing's event are personal, and whose, as its noun says it. Throws InvalidThing where it is not said whose. */
export function personalOf(
  event: ThingEvent,
  { state, object, needs }: PersonalContext<Thing, { readonly noun: Noun }>,
): PersonalData[] {
  const { fields, subject: field } = personalFields(schemaOf(needs.noun));
  if (fields.length === 0) return [];
  const fact = factOf(event);
  const concerned = (PARTS[fact.verb] ?? [])
    .flatMap((part) => fields.map((pointer) => `/${part}${pointer}`))
    .filter((pointer) => leadsSomewhere(event.data as JsonObject, pointer));
  if (concerned.length === 0) return [];
  const subject = field === undefined ? `${object.type}-${object.id}` : dataAfter(state, fact)[field];
  if (isObjectId(subject)) return [{ subject, fields: concerned }];
  const [pointer, detail] =
    field === undefined
      ? [
          '/$id',
          `${object.type} has personal fields, and '${object.type}-<id>' names the subject: too long. Shorten the id.`,
        ]
      : [pointerTo('', field), 'must say whose the personal data is: text of 1 to 200 printable characters'];
  throw new InvalidThing([{ pointer, detail }]);
}

/**
 * The patch with personal objects whole, not only what changes in them: sealed, they are one value, and nothing can be merged into
 * it.
 */
export function wholePersonal(noun: Noun, patch: JsonObject, merged: JsonObject): JsonObject {
  const { fields } = personalFields(schemaOf(noun));
  return fields.reduce((whole, field) => wholeAt(whole, merged, segmentsOf(field)) as JsonObject, patch);
}

function wholeAt(patch: Json, merged: Json, [key, ...rest]: readonly string[]): Json {
  if (!isRecord(patch) || !isRecord(merged)) return patch;
  if (key === undefined) return merged;
  const names = key === '*' ? Object.keys(patch) : Object.hasOwn(patch, key) ? [key] : [];
  const parts = names.map((name) => [name, wholeAt(patch[name] as Json, merged[name] as Json, rest)]);
  return { ...patch, ...(Object.fromEntries(parts) as JsonObject) };
}

function dataAfter(state: Thing, fact: ThingFact): JsonObject {
  const before = state.status === 'absent' ? {} : state.data;
  if (fact.verb === 'created' || fact.verb === 'replaced') return fact.data.data;
  if (fact.verb === 'updated') return mergePatch(before, fact.data.patch);
  return fact.verb === 'acted' ? mergePatch(before, fact.data.set ?? {}) : before;
}

function leadsSomewhere(data: JsonObject, pointer: string): boolean {
  let found = false;
  replaceAt(data, segmentsOf(pointer), (value) => {
    found = true;
    return value;
  });
  return found;
}

function schemaOf(noun: Noun): JsonObject | undefined {
  return noun.status === 'defined' ? noun.schema : undefined;
}
