import { InvalidInput } from '#kernel/errors';
import type { JsonObject } from '#kernel/json';
import type { Schema } from '#platform/commands/fields';
import type { ThingDocument } from '#read-models/things';
import { SYSTEM_FIELDS } from './thing-data-schema.js';
import type { LivingThing } from './thing.js';
import type { ThingRef } from './thing.events.js';

const systemFields: ReadonlySet<string> = new Set(SYSTEM_FIELDS);

const moment = { type: 'integer', description: 'Unix time in milliseconds' };

/** A thing as the API shows it: its own data, and beside it what Perdure knows. */
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
  },
  additionalProperties: true,
};

/** A thing as its own stream says it is. */
export function represent({ noun, id }: ThingRef, thing: LivingThing, revision: number): JsonObject {
  return {
    $id: id,
    $type: noun,
    $revision: revision,
    $created_at: thing.createdAt,
    $updated_at: thing.updatedAt,
    ...(thing.status === 'soft-deleted' && { $deleted_at: thing.deletedAt! }),
    ...thing.data,
  };
}

/** A thing as the read model has it. */
export function representDocument(document: ThingDocument): JsonObject {
  return {
    $id: document.thingId,
    $type: document.noun,
    $revision: document.revision,
    $created_at: document.createdAt,
    $updated_at: document.updatedAt,
    ...(document.deletedAt !== null && { $deleted_at: document.deletedAt }),
    ...document.data,
  };
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
  return Object.fromEntries(Object.entries(body).filter(([field]) => !systemFields.has(field)));
}
