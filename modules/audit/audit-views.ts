import { Inject, Injectable } from '@nestjs/common';
import { Id, Identifier, Integer, Nested, Optional, Text, Timestamp } from '#platform/commands/fields';
import type { PageOf } from '#platform/http/paging';
import { READ_STORE, type ReadStore } from '#platform/read-store/read-store.port';
import type { AuditDocument } from '#read-models/audit';
import { toAuditQuery, type AuditEventParameters } from './audit-parameters.js';
import { queryAudit } from './audit-query.js';

export class AuditActor {
  @Text() type: string;
  @Text() id: string;
}

export class AuditObject {
  @Identifier() type: string;
  @Optional(Id()) id?: string;
}

/** An event as an auditor sees it: who, what, to what, when, why, because of what. */
export class AuditEntry {
  @Id() id: string;
  @Text() type: string;
  @Nested(AuditActor) actor: AuditActor;
  /** What it happened to; of a refusal, what the command was addressed to. */
  @Nested(AuditObject) object: AuditObject;
  @Text() stream: string;
  @Integer({ min: 0 }) revision: number;
  @Text() position: string;
  @Timestamp() occurredAt: string;
  @Timestamp() recordedAt: string;
  @Optional(Text()) reason?: string;
  /** The code of the problem that the command was refused with. */
  @Optional(Text()) refused?: string;
  @Optional(Text()) commandId?: string;
  @Optional(Text()) correlationId?: string;
  @Optional(Text()) causationId?: string;
}

/** What auditors are shown of the read model. */
@Injectable()
export class AuditViews {
  constructor(@Inject(READ_STORE) private readonly store: ReadStore) {}

  /** Rejects with InvalidInput, InvalidCursor. */
  async events(tenant: string, parameters: AuditEventParameters): Promise<PageOf<AuditEntry>> {
    const { limit, cursor, order } = parameters;
    const { items, next } = await queryAudit(this.store, tenant, { ...toAuditQuery(parameters), limit, cursor, order });
    return { items: items.map(entryOf), ...(next !== undefined && { next }) };
  }
}

function entryOf(document: AuditDocument): AuditEntry {
  const { eventId, type, actorType, actor, objectType, objectId, stream, revision, position } = document;
  const { occurredAt, recordedAt, reason, refused, commandId, correlationId, causationId } = document;
  return {
    ...{ id: eventId, type, actor: { type: actorType, id: actor } },
    object: { type: objectType, ...(objectId !== null && { id: objectId }) },
    ...{ stream, revision, position },
    ...{ occurredAt: new Date(occurredAt).toISOString(), recordedAt: new Date(recordedAt).toISOString() },
    ...present({ reason, refused, commandId, correlationId, causationId }),
  };
}

function present(fields: Record<string, string | null>): Record<string, string> {
  return Object.fromEntries(Object.entries(fields).filter((field): field is [string, string] => field[1] !== null));
}
