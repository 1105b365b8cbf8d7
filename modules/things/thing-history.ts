import type { Recorded } from '#kernel/event';
import { Identifier, Integer, JsonRecord, Optional, Text, Timestamp, Nested } from '#platform/commands/fields';
import type { Objects } from '#platform/dispatch/objects';
import type { PageOf } from '#platform/http/paging';
import { InvalidCursor } from '#platform/read-store/read-store.errors';
import type { JsonObject } from '#kernel/json';
import { ThingNotFound } from './thing.errors.js';
import type { ThingRef } from './thing.events.js';

export class HistoryActor {
  @Identifier() type: string;
  @Text() id: string;
}

/** An event, with who, when and because of what. */
export class HistoryEntry {
  @Text() id: string;
  @Text() type: string;
  @JsonRecord() data: JsonObject;
  @Integer({ min: 0 }) revision: number;
  @Text() position: string;
  @Timestamp() occurredAt: string;
  @Timestamp() recordedAt: string;
  @Nested(HistoryActor) actor: HistoryActor;
  @Optional(Text()) reason?: string;
  @Text() commandId: string;
  @Text() correlationId: string;
  @Text() causationId: string;
}

interface HistoryQuery {
  readonly limit: number;
  readonly cursor?: string;
  readonly order?: 'asc' | 'desc';
}

/** A page of a thing's history. The cursor is the revision to go on from. Rejects with ThingNotFound, InvalidCursor. */
export async function historyPage(
  objects: Objects,
  tenant: string,
  { noun, id }: ThingRef,
  { limit, cursor, order }: HistoryQuery,
): Promise<PageOf<HistoryEntry>> {
  if (cursor !== undefined && !/^\d{1,15}$/.test(cursor)) throw new InvalidCursor();
  const direction = order === 'desc' ? 'backwards' : 'forwards';
  const from = cursor === undefined ? undefined : Number(cursor);
  const slice = await objects.history(tenant, { type: noun, id }, { from, limit, direction });
  if (slice.lastRevision < 0) throw new ThingNotFound({ noun, id });
  const last = slice.events.at(-1)?.revision;
  const end = last === undefined || last === (direction === 'forwards' ? slice.lastRevision : 0);
  const next = end ? undefined : String(direction === 'forwards' ? last + 1 : last - 1);
  return { items: slice.events.map(entryOf), next };
}

function entryOf({ id, type, data, revision, position, recordedAt, metadata }: Recorded): HistoryEntry {
  const { occurredAt, actor, reason, commandId, correlationId, causationId } = metadata;
  return {
    id,
    type,
    data: data as JsonObject,
    revision,
    position,
    occurredAt,
    recordedAt,
    actor,
    reason,
    commandId,
    correlationId,
    causationId,
  };
}
