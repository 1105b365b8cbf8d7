import { InvalidInput } from '#kernel/errors';
import type { JsonObject } from '#kernel/json';
import type { Schema } from '#platform/commands/fields';
import { SYSTEM_FIELDS, type ThingDocument } from '#read-models/things';
import type { LivingThing } from './thing.js';
import type { ThingRef } from './thing.events.js';

const moment = { type: 'integer', description: 'Unix time in milliseconds' };

/** The form of a thing in the API: its own data, and beside it what Perdure knows. */
export const thingSchema: Schema = {
  type: 'object',
  required: ['$id', '$type', '$revision', '$created_at', '$updated_at'],
  properties: {
    $id: { type: 'string' },
    $type: { type: 'string', description: 'Its noun' },
    $revision: { type: 'integer', minimum: 0, description: 'Number of its last event, from 0; its ETag' },
    $created_at: moment,
    $updated_at: moment,
    $deleted_at: { ...moment, description: 'There while it is soft-deleted; Unix time in milliseconds' },
    $erased: {
      type: 'array',
      items: { type: 'string' },
      description: 'There where personal data was erased: JSON pointers to what is null because of it',
    },
  },
  additionalProperties: true,
};

/** What the stream and the read model both know of a thing. */
type Represented = Pick<LivingThing, 'data' | 'createdAt' | 'updatedAt'> & { readonly deletedAt?: number | null };

/** A thing as the API shows it, from its stream's state or from its document. */
export function represent({ noun, id }: ThingRef, thing: Represented, revision: number): JsonObject {
  return {
    $id: id,
    $type: noun,
    $revision: revision,
    $created_at: thing.createdAt,
    $updated_at: thing.updatedAt,
    ...(typeof thing.deletedAt === 'number' && { $deleted_at: thing.deletedAt }),
    ...thing.data,
  };
}

/** A thing as the read model has it. */
export function representDocument(document: ThingDocument): JsonObject {
  return represent({ noun: document.noun, id: document.thingId }, document, document.revision);
}

/**
 * The thing's own data in what a client sent, who may send back what it got: fields that only Perdure sets are left out. Throws
 * InvalidInput where `$id` or `$type` name another thing than the URL.
 */
export function ownData(body: JsonObject, { noun, id }: Partial<ThingRef>): JsonObject {
  const other = (field: string, url: string | undefined) =>
    url !== undefined && body[field] !== undefined && body[field] !== url
      ? [{ pointer: `/${field}`, detail: `Differs from the URL, which says '${url}'. Leave it out of the body.` }]
      : [];
  const violations = [...other('$id', id), ...other('$type', noun)];
  if (violations.length > 0) throw new InvalidInput(violations);
  const isOwn = (field: string) => !Object.hasOwn(SYSTEM_FIELDS, field) && field !== '$erased';
  return Object.fromEntries(Object.entries(body).filter(([field]) => isOwn(field)));
}
