import type { Json, JsonObject } from '#kernel/json';
import { segmentsOf } from '#kernel/personal';
import { isRecord, pointerTo } from '#platform/commands/json-fields';
import { InvalidSchema } from './thing.errors.js';

/** What a noun's schema says of personal data: `"x-personal": true` in it, and `"x-subject": "<field>"` at its top. */
export interface PersonalFields {
  /** JSON pointers into the data of a thing; `*` stands for every element and every member. */
  readonly fields: readonly string[];
  /** The same as paths of queries, which go through arrays: elements are left out, `*` stands for every member. */
  readonly paths: readonly (readonly string[])[];
  /** The field whose text is the id of the subject; without it, each thing is a subject of its own. */
  readonly subject?: string;
}

const MARK = 'x-personal';
const SUBJECT = 'x-subject';
const NONE: PersonalFields = { fields: [], paths: [] };

/** Parts of a schema that it looks at in the course of one. */
const MAX_PARTS = 10_000;

/** Keywords whose schemas are about the same value, about its members by name, and about all members or elements. */
const SAME = ['allOf', 'anyOf', 'oneOf', 'if', 'then', 'else', 'not', 'dependentSchemas'];
const MEMBERS = ['additionalProperties', 'unevaluatedProperties', 'patternProperties'];
const ELEMENTS = ['items', 'prefixItems', 'contains', 'unevaluatedItems'];
/** Of these, those that hold a map of schemas. */
const MAPS = new Set(['dependentSchemas', 'patternProperties']);

const known = new WeakMap<JsonObject, PersonalFields>();

/** Which fields of a noun's things are personal. Throws InvalidSchema where a mark could not be followed. */
export function personalFields(schema: JsonObject | undefined): PersonalFields {
  if (!schema) return NONE;
  let found = known.get(schema);
  if (!found) known.set(schema, (found = find(schema)));
  return found;
}

/** Whether the dotted path of a filter or a sort leads to, into or through a personal field. */
export function isPersonalPath({ paths }: Pick<PersonalFields, 'paths'>, path: string): boolean {
  const segments = path.split('.');
  return paths.some((own) => meet(own, segments));
}

/** The path itself; that of the personal field where it leads into one. */
export function wholePersonalPath({ paths }: Pick<PersonalFields, 'paths'>, path: string): string {
  const segments = path.split('.');
  const whole = paths.find(
    (own) => own.length < segments.length && own.every((segment, i) => segment === '*' || segment === segments[i]),
  );
  return whole ? segments.slice(0, whole.length).join('.') : path;
}

/** Whether the pointer leads to a personal field, or into one. */
export function isPersonalAt({ fields }: Pick<PersonalFields, 'fields'>, pointer: string): boolean {
  const segments = segmentsOf(pointer);
  return fields.some((field) => {
    const own = segmentsOf(field);
    return own.length <= segments.length && own.every((segment, i) => segment === '*' || segment === segments[i]);
  });
}

/** Paths of a filter go through arrays with an index or without. */
function meet(field: readonly string[], path: readonly string[]): boolean {
  const [own, ...ownRest] = field;
  const [other, ...otherRest] = path;
  if (own === undefined || other === undefined) return true;
  if ((own === other || own === '*') && meet(ownRest, otherRest)) return true;
  return /^\d+$/.test(other) && meet(field, otherRest);
}

function find(schema: JsonObject): PersonalFields {
  const subject = schema[SUBJECT];
  if (subject !== undefined && (typeof subject !== 'string' || !subject || subject.startsWith('$'))) {
    throw new InvalidSchema(`'${SUBJECT}' must be the name of a field, whose text says whose the personal data is.`);
  }
  const marks = marksIn(schema);
  if (marks.size === 0) return NONE;
  const search = new Search(schema, marks);
  search.look(schema, { pointer: '', path: [] }, []);
  if (search.missed.size > 0) {
    throw new InvalidSchema(
      `'${MARK}' stands where it cannot be followed. Mark properties, items or what they refer to.`,
    );
  }
  const fields = [...search.found.keys()];
  const personal = { fields, paths: [...search.found.values()], ...(subject !== undefined && { subject }) };
  if (subject !== undefined && isPersonalPath(personal, subject)) {
    throw new InvalidSchema(`'${subject}' names the subject, and stays readable: it cannot be personal itself.`);
  }
  return personal;
}

/** Where in the data a part of the schema is about: as a pointer, and as a path of queries. */
interface Place {
  readonly pointer: string;
  readonly path: readonly string[];
}

/** Finds the places in the data that the marks are about. */
class Search {
  readonly found = new Map<string, readonly string[]>();
  #parts = 0;

  constructor(
    private readonly root: JsonObject,
    /** Marks that no place was found for yet. */
    readonly missed: Set<object>,
  ) {}

  look(schema: unknown, place: Place, above: readonly object[]): void {
    if (!isRecord(schema)) return;
    if (++this.#parts > MAX_PARTS) throw new InvalidSchema(`It is too large to look for '${MARK}' in it.`);
    if (above.includes(schema)) {
      if (marksIn(schema).size === 0) return;
      throw new InvalidSchema(
        `'${MARK}' stands in a part that refers to itself: there is no end to the fields it marks.`,
      );
    }
    if (schema[MARK] === true) {
      if (place.path.length === 0) throw new InvalidSchema(`'${MARK}' marks properties, not the whole thing.`);
      this.found.set(place.pointer, place.path);
      this.missed.delete(schema);
    }
    const here = [...above, schema];
    const { pointer, path } = place;
    this.look(this.#referred(schema), place, here);
    for (const keyword of SAME) this.#lookAll(keyword, schema, place, here);
    const members = { pointer: `${pointer}/*`, path: [...path, '*'] };
    for (const keyword of MEMBERS) this.#lookAll(keyword, schema, members, here);
    for (const keyword of ELEMENTS) this.#lookAll(keyword, schema, { pointer: `${pointer}/*`, path }, here);
    for (const [name, property] of Object.entries(isRecord(schema['properties']) ? schema['properties'] : {})) {
      this.look(property, { pointer: pointerTo(pointer, name), path: [...path, name] }, here);
    }
  }

  #lookAll(keyword: string, within: Record<string, unknown>, place: Place, above: readonly object[]): void {
    const value = within[keyword];
    const schemas = Array.isArray(value)
      ? value
      : MAPS.has(keyword) && isRecord(value)
        ? Object.values(value)
        : [value];
    for (const schema of schemas) this.look(schema, place, above);
  }

  #referred({ $ref }: Record<string, unknown>): unknown {
    if (typeof $ref !== 'string' || !$ref.startsWith('#')) return undefined;
    let part: unknown = this.root;
    for (const segment of segmentsOf(decodeURIComponent($ref))) {
      part = (part as Record<string, unknown> | undefined)?.[segment];
    }
    return part;
  }
}

/** The parts of a schema that say `"x-personal": true`. */
function marksIn(value: Json | object, marks = new Set<object>(), seen = new Set<object>()): Set<object> {
  if (typeof value !== 'object' || value === null || seen.has(value)) return marks;
  seen.add(value);
  if ((value as JsonObject)[MARK] === true) marks.add(value);
  for (const part of Object.values(value)) marksIn(part as Json, marks, seen);
  return marks;
}
