import type { Actor, EventMetadata, Recorded } from '#kernel/event';
import { projection } from '#kernel/projection';
import { isRefusal } from '#modules/audit/audit.events';
import { audit, type AuditDocument } from '#read-models/audit';
import { searchText } from './audit-text.js';

/** Digits of the largest position that a store of ours gives, 2^64. */
const POSITION_DIGITS = 20;

const MAX_NAME = 1_000;

/** Every event of every stream, one document each. What others wrote, with metadata of another form or none, is there as well. */
export const auditProjection = projection<AuditDocument, Recorded>({
  name: 'audit',
  version: 1,
  readModel: audit,
  once: true,
  key: ({ position }) => position.padStart(POSITION_DIGITS, '0'),
  // Several events where one was stored, an upcaster's doing, share its place: the first one stands for it.
  evolve: (document, event) => document ?? documentOf(event),
});

/** What all audit read models go by. */
export type AuditFacts = Omit<AuditDocument, 'stream' | 'revision' | 'position' | 'eventId' | 'text'>;

function documentOf(event: Recorded): AuditDocument {
  const { stream, revision, position, id, data } = event;
  const facts = factsOf(event);
  return { ...facts, stream, revision, position, eventId: id, text: searchText(facts, data) };
}

/** An event in the words of the audit: who, on what, when, refused or not. Total: no form of data or metadata makes it throw. */
export function factsOf(event: Recorded): AuditFacts {
  const { tenant, ...address } = addressOf(event.stream);
  const metadata = metadataOf(event);
  const actor = (metadata.actor ?? {}) as Partial<Record<keyof Actor, unknown>>;
  const recordedAt = timeOf(event.recordedAt) ?? 0;
  const refusal = isRefusal(event) ? event.data : undefined;
  return {
    tenant,
    actorType: textOf(actor.type) ?? 'unknown',
    actor: textOf(actor.id) ?? 'unknown',
    type: event.type,
    objectType: refusal?.object.type ?? address.objectType,
    objectId: refusal ? (textOf(refusal.object.id) ?? null) : address.objectId,
    correlationId: textOf(metadata.correlationId) ?? null,
    causationId: textOf(metadata.causationId) ?? null,
    commandId: textOf(refusal?.commandId) ?? textOf(metadata.commandId) ?? null,
    occurredAt: timeOf(metadata.occurredAt) ?? recordedAt,
    recordedAt,
    reason: textOf(metadata.reason) ?? null,
    refused: refusal?.code ?? null,
  };
}

/** The parts of `<tenant>.<type>-<id>`; of a stream named otherwise the whole name is the id. */
function addressOf(stream: string): { tenant: string; objectType: string; objectId: string } {
  const parts = /^([A-Za-z]\w*)\.([A-Za-z]\w*)-(.+)$/s.exec(stream);
  if (!parts) return { tenant: 'main', objectType: 'unknown', objectId: stream };
  return { tenant: parts[1]!, objectType: parts[2]!, objectId: parts[3]! };
}

function metadataOf({ metadata }: Recorded): Partial<Record<keyof EventMetadata, unknown>> {
  return typeof metadata === 'object' && metadata !== null ? metadata : {};
}

/** Ids of ours are shorter; longer ones, of others, would make an index entry of any size. */
function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value.slice(0, MAX_NAME) : undefined;
}

function timeOf(value: unknown): number | undefined {
  const time = typeof value === 'string' ? Date.parse(value) : NaN;
  return Number.isNaN(time) ? undefined : time;
}
