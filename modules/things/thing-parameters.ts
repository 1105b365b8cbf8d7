import { InvalidInput } from '#kernel/errors';
import type { JsonObject } from '#kernel/json';
import { Identifier, JsonRecord, OneOf, Optional, Text } from '#platform/commands/fields';
import { PageParameters } from '#platform/http/paging';
import { MAX_SORT_FIELDS } from '#platform/read-store/query-form';
import type { Sort } from '#platform/read-store/read-store.port';
import type { ThingQuery } from '#read-models/things';
import { fieldListSchema, sortSchema, whereSchema } from './thing-data-schema.js';

export const Where = () => Optional(JsonRecord({ schema: whereSchema }));
export const Deleted = () => Optional(OneOf(['without', 'with', 'only'], 'Deleted'));
export const Sorted = () => Optional(Text({ max: 500, schema: sortSchema }));

/** Which things of a noun. */
export class ThingFilterParameters {
  @Identifier() noun: string;

  /** A filter in MongoDB's operators, as JSON: {"age":{"$gt":18}}. */
  @Where() where?: JsonObject;

  /** Soft-deleted things: without them (default), with them, or only them. */
  @Deleted() deleted?: 'without' | 'with' | 'only';
}

/** Which thing of a noun comes first. */
export class FirstThingParameters extends ThingFilterParameters {
  /** Fields by which to order, by dotted path and separated by commas; `-` turns one round: -$created_at,name. */
  @Sorted() sort?: string;
}

/** Which things of a noun, in which order, and what of them. */
export class ThingListParameters extends PageParameters {
  @Identifier() noun: string;
  @Where() where?: JsonObject;
  @Deleted() deleted?: 'without' | 'with' | 'only';
  @Sorted() sort?: string;

  /** The fields to show, by dotted path and separated by commas; default: all. */
  @Optional(Text({ max: 2_000, schema: fieldListSchema })) fields?: string;
}

/** The category of a noun's things. */
export function categoryOf(tenant: string, { noun }: { noun: string }): string {
  return `${tenant}.${noun}`;
}

/** The dotted paths that the question compares or sorts by, with the JSON pointer to where it names them. */
export function* pathsOf({ where, sort }: Partial<ThingListParameters>): Generator<[path: string, pointer: string]> {
  for (const name of sort?.split(',') ?? []) yield [name.replace(/^-/, ''), '/query/sort'];
  for (const [name, condition] of Object.entries(where ?? {})) {
    if (!name.startsWith('$')) yield [name, '/where'];
    else if (Array.isArray(condition)) for (const part of condition) yield* pathsOf({ where: part as JsonObject });
  }
}

/** The query that the parameters ask for. Throws InvalidInput. */
export function toQuery({ where, deleted, sort, fields, limit, cursor }: Partial<ThingListParameters>): ThingQuery {
  return {
    where,
    deleted,
    limit,
    cursor,
    sort: sort === undefined ? undefined : sortOf(sort),
    fields: fields?.split(','),
  };
}

function sortOf(sort: string): Sort {
  const parts = sort.split(',').map((part) => ({ name: part.replace(/^-/, ''), way: part.startsWith('-') ? -1 : 1 }));
  const names = new Set(parts.map(({ name }) => name));
  const wrong =
    parts.length > MAX_SORT_FIELDS
      ? `Sorts by at most ${MAX_SORT_FIELDS} fields.`
      : names.has('')
        ? 'Names an empty field. Write fields separated by single commas, such as -$created_at,name.'
        : names.size < parts.length
          ? 'Names a field twice.'
          : undefined;
  if (wrong) throw new InvalidInput([{ pointer: '/query/sort', detail: wrong }]);
  return Object.fromEntries(parts.map(({ name, way }) => [name, way as 1 | -1]));
}
