import type { ReadModel } from '#kernel/projection';

/** How often one actor let one thing happen on one day, UTC: what reports are summed up from. */
export interface AuditDayDocument {
  readonly tenant: string;
  /** 2026-01-31. */
  readonly day: string;
  readonly actorType: string;
  readonly actor: string;
  readonly type: string;
  readonly objectType: string;
  readonly refused: string | null;
  readonly count: number;
  readonly first: AuditMoment;
  readonly last: AuditMoment;
  /** Between which moments all of them were recorded; a clock that was set back may have made the last one older than others. */
  readonly earliest: number;
  readonly latest: number;
}

/** Where in time and in the global order an event stands. `at` is when it was recorded, Unix milliseconds. */
export interface AuditMoment {
  readonly position: string;
  readonly at: number;
}

export const auditDays: ReadModel<AuditDayDocument> = {
  name: 'audit_days',
  indexes: [{ fields: ['tenant', 'day'] }],
};
