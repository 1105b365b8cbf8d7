import type { Recorded } from '#kernel/event';
import type { JsonObject } from '#kernel/json';
import { Identifier, Integer, JsonRecord, ListOf, Nested, Optional, Text, Timestamp } from '#platform/commands/fields';

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
  /** Version of the shape that type and data have here. */
  @Integer({ min: 1 }) schemaVersion: number;

  /** JSON pointers to what was erased of it, and is null. */
  @Optional(ListOf(Text(), { max: 10_000 })) $erased?: readonly string[];
}

/** An event as something else points at it: which one, when, by whom and why. */
export class EventReference {
  @Text() id: string;
  @Text() type: string;
  @Integer({ min: 0 }) revision: number;
  @Timestamp() occurredAt: string;
  @Timestamp() recordedAt: string;
  @Nested(HistoryActor) actor: HistoryActor;
  @Optional(Text()) reason?: string;
}

/** What is known of an event that another program wrote: it may say nothing of who and why. */
const UNKNOWN: HistoryActor = { type: 'unknown', id: 'unknown' };

export function entryOf(event: Recorded): HistoryEntry {
  const { id, data, revision, position } = event;
  const { commandId, correlationId, causationId, schemaVersion } = metadataOf(event);
  return {
    ...referenceOf(event),
    data: data instanceof Uint8Array ? { $bytes: Buffer.from(data).toString('base64') } : (data as JsonObject),
    position,
    commandId: commandId ?? id,
    correlationId: correlationId ?? id,
    causationId: causationId ?? id,
    schemaVersion: schemaVersion ?? 1,
    revision,
  };
}

export function referenceOf(event: Recorded): EventReference {
  const { id, type, revision, recordedAt } = event;
  const { occurredAt, actor, reason } = metadataOf(event);
  return { id, type, revision, occurredAt: occurredAt ?? recordedAt, recordedAt, actor: actor ?? UNKNOWN, reason };
}

function metadataOf({ metadata }: Recorded): Partial<Recorded['metadata']> {
  return metadata ?? {};
}
