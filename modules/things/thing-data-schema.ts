import { MAX_ID_LENGTH, PRINTABLE_PATTERN } from '#platform/event-store/stream-name';
import type { Schema } from '#platform/commands/fields';
import { SYSTEM_FIELDS } from '#read-models/things';
import { MAX_SORT_FIELDS } from '#platform/read-store/query-form';
import { MAX_LIST_LENGTH, MAX_PATH_LENGTH, MAX_REGEX_LENGTH } from '#platform/read-store/where-clause';

/** What the documentation says of a thing's data and of questions to it, in patterns that every JSON Schema tool knows. */

const systemFields = Object.keys(SYSTEM_FIELDS);

const OWN_NAME = { pattern: '^([^$]|$)', not: { const: '__proto__' } };

/** A thing's own data: no name begins with `$`. */
export const ownDataSchema: Schema = { propertyNames: OWN_NAME };

/** A whole thing, as it was read: what only Perdure sets may be there, and is left out. */
export const thingBodySchema: Schema = {
  propertyNames: { anyOf: [{ enum: [...systemFields, '$erased'] }, OWN_NAME] },
  properties: {
    $id: { type: 'string', minLength: 1, maxLength: MAX_ID_LENGTH, pattern: PRINTABLE_PATTERN },
    $type: { type: 'string', description: 'As in the URL' },
  },
};

const SYSTEM_PATH = `\\$(${systemFields.map((field) => field.slice(1)).join('|')})`;
const path = (segment: string): string => `(${SYSTEM_PATH}|${segment}(\\.${segment})*)`;
const listed = path('[^$.,][^.,]*');

/** Fields by dotted path, separated by commas. */
export const fieldListSchema: Schema = { pattern: `^${listed}(,${listed})*$` };

/** The same, up to so many as a query sorts by, each turned round by `-` before it. */
export const sortSchema: Schema = { pattern: `^-?${listed}(,-?${listed}){0,${MAX_SORT_FIELDS - 1}}$` };

const list = (rest: Schema = {}): Schema => ({ type: 'array', maxItems: MAX_LIST_LENGTH, ...rest });

const OPERATORS: Record<string, Schema> = {
  ...Object.fromEntries(['$eq', '$ne', '$gt', '$gte', '$lt', '$lte'].map((name) => [name, {}])),
  ...{ $in: list(), $nin: list(), $all: list() },
  $exists: { type: 'boolean' },
  $size: { type: 'integer', minimum: 0 },
  $regex: { type: 'string', maxLength: MAX_REGEX_LENGTH, description: 'RE2 syntax' },
  $options: { type: 'string', pattern: '^[ims]*$' },
  $elemMatch: { type: 'object' },
};

const operators: Schema = {
  type: 'object',
  minProperties: 1,
  properties: {
    ...OPERATORS,
    $not: { type: 'object', minProperties: 1, propertyNames: { enum: [...Object.keys(OPERATORS), '$not'] } },
  },
  dependentRequired: { $options: ['$regex'] },
  additionalProperties: false,
};

const condition: Schema = {
  anyOf: [
    { type: ['string', 'number', 'boolean', 'null', 'array'] },
    { type: 'object', propertyNames: OWN_NAME },
    operators,
  ],
};

const filters = list({ items: { type: 'object' }, minItems: 1 });

/** A filter in MongoDB's operators. */
export const whereSchema: Schema = {
  propertyNames: {
    anyOf: [{ enum: ['$and', '$or', '$nor'] }, { maxLength: MAX_PATH_LENGTH, pattern: `^${path('[^$.][^.]*')}$` }],
    not: { pattern: '(^|\\.)(__proto__|constructor|prototype)(\\.|$)' },
  },
  properties: { $and: filters, $or: filters, $nor: filters },
  additionalProperties: condition,
  examples: [{ plan: 'pro', $created_at: { $gt: 0 } }],
};
