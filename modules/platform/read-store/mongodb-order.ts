import type { Document } from 'mongodb';
import type { Json } from '#kernel/json';
import type { DocumentOrder, OrderKey, SortValue } from './document-order.js';
import { DOCUMENT } from './mongodb-document.js';
import { storedPath } from './mongodb-content.js';
import { Rank, rankOf } from './value-order.js';

/** The order in the server's words. */
export function sortOf({ fields, idDirection }: DocumentOrder): Document {
  const entries = fields.map(({ name, direction }) => [storedPath(name, DOCUMENT), direction] as const);
  return Object.fromEntries([...entries, ['_id', idDirection]]);
}

/**
 * Never less than the documents after a place. Of an array all elements are asked, so that some may come again that were before it:
 * whoever reads on leaves them out.
 */
export function afterFilter({ fields, idDirection }: DocumentOrder, { values, id }: OrderKey): Document {
  const beyondId = { _id: idDirection === 1 ? { $gt: id } : { $lt: id } };
  const branches: Document[] = [];
  const same: Document[] = [];
  for (const [i, { name, direction }] of fields.entries()) {
    const field = storedPath(name, DOCUMENT);
    const further = beyond(field, values[i]!, direction);
    if (further) branches.push(both([...same, further]));
    same.push(equal(field, values[i]!));
  }
  return { $or: [...branches, both([...same, beyondId])] };
}

/** Types by rank, as the server calls them. */
const TYPES: readonly [Rank, string][] = [
  [Rank.Number, 'number'],
  [Rank.String, 'string'],
  [Rank.Object, 'object'],
  [Rank.Array, 'array'],
  [Rank.Boolean, 'bool'],
];

/** Values after this one in a direction; undefined where there are none. */
function beyond(field: string, value: SortValue, direction: 1 | -1): Document | undefined {
  const rank = value.length === 0 ? -1 : rankOf(value[0]);
  const types = TYPES.filter(([other]) => (other - rank) * direction > 0).map(([, type]) => type);
  const parts: Document[] = types.length > 0 ? [{ [field]: { $type: types } }] : [];
  if (direction === 1 ? rank < Rank.Null : rank > Rank.Null) parts.push(...nothing(field));
  if (direction === -1 && rank === Rank.Null) parts.push({ [field]: { $size: 0 } });
  if (rank > Rank.Null) parts.push(withinType(field, value[0]!, direction));
  return parts.length > 1 ? { $or: parts } : parts[0];
}

function withinType(field: string, value: Json, direction: 1 | -1): Document {
  if (typeof value === 'object') return { [field]: { $type: Array.isArray(value) ? 'array' : 'object' } };
  return { [field]: direction === 1 ? { $gt: value } : { $lt: value } };
}

function equal(field: string, value: SortValue): Document {
  const [only] = value;
  if (only === undefined || only === null) return { $or: nothing(field) };
  return typeof only === 'object' ? withinType(field, only, 1) : { [field]: only };
}

/** Null, missing, and arrays that have nothing to offer. */
function nothing(field: string): Document[] {
  return [{ [field]: null }, { [field]: { $exists: false } }, { [field]: { $size: 0 } }];
}

function both(parts: readonly Document[]): Document {
  return parts.length > 1 ? { $and: parts } : parts[0]!;
}
