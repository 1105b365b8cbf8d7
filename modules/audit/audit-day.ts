import type { Attributed } from '#kernel/event';
import { objectType } from '#kernel/object-type';
import { AUDIT_TYPE, type AuditEvent } from './audit.events.js';

/** A day of refusals. Nobody commands it: it is declared so that it has a history like every other object. */
export type AuditDay = { status: 'absent' } | { status: 'kept'; refused: number; failed: number };

function evolve(day: AuditDay, event: Attributed<AuditEvent>): AuditDay {
  const { refused, failed } = day.status === 'kept' ? day : { refused: 0, failed: 0 };
  switch (event.type) {
    case 'audit.commandRefused':
      return { status: 'kept', refused: refused + 1, failed };
    case 'audit.commandFailed':
      return { status: 'kept', refused, failed: failed + 1 };
    default:
      return day;
  }
}

export const auditDay = objectType<AuditDay, AuditEvent>(AUDIT_TYPE, { status: 'absent' }, evolve);
