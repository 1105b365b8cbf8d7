import type { Actor, DomainEvent, EventOf } from '#kernel/event';
import type { ErrorKind } from '#kernel/errors';

/** What is known of a command that was not carried out: who sent it stands in the metadata, its fields nowhere. */
interface Attempt {
  /** The command's name, as it stands in the API. */
  readonly command: string;
  /** The command's own id, where its client chose one with an idempotency key: its later success carries it, too. */
  readonly commandId?: string;
  /** What it was addressed to; without an id where it would have created an object. */
  readonly object: { readonly type: string; readonly id?: string };
  /** The problem's stable code, and its title in the catalogue: no text that could quote what was sent. */
  readonly code: string;
  readonly detail?: string;
}

export type AuditEvent =
  | EventOf<'audit.commandRefused', Attempt & { readonly kind: ErrorKind }>
  /** It failed for a reason that nobody foresaw. */
  | EventOf<'audit.commandFailed', Attempt>;

/** The object that a tenant's refusals of one day are kept in, UTC: `<tenant>.audit-2026-01-31`. */
export const AUDIT_TYPE = 'audit';

/** Whether it is such an event and its data has the form that it should have: streams are open to others. */
export function isRefusal(event: DomainEvent): event is AuditEvent {
  if (event.type !== 'audit.commandRefused' && event.type !== 'audit.commandFailed') return false;
  const { command, object, code } = (event.data ?? {}) as Partial<Attempt>;
  return typeof command === 'string' && typeof code === 'string' && typeof object?.type === 'string';
}

/** Who did it, as one word: `user:ada`. */
export function actorKey({ type, id }: Actor): string {
  return `${type}:${id}`;
}
