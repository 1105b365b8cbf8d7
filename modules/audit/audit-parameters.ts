import { Identifier, Integer, ListOf, OneOf, Optional, Text } from '#platform/commands/fields';
import { IsoTime, periodOf } from '#platform/history/moment-parameters';
import type { PageParameters } from '#platform/http/paging';
import type { AuditQuery } from './audit-query.js';

const Type = () => Text({ max: 500 });

/** Which events are asked for; everything that is given must hold. */
export class AuditFilterParameters {
  /** The caller's own, where nothing is said. */
  @Optional(Identifier()) tenant?: string;

  /** An actor's id, or `type:id`. An id that has a colon itself needs actorType beside it. */
  @Optional(Text()) actor?: string;
  @Optional(Text()) actorType?: string;

  /** Only events of these types, such as Customer.created: repeat it for several. */
  @Optional(ListOf(Type(), { min: 1, max: 20 })) types?: string[];

  @Optional(Identifier()) objectType?: string;
  @Optional(Text()) objectId?: string;
  @Optional(Text()) correlationId?: string;
  @Optional(Text()) commandId?: string;

  /** From this moment on, in ISO 8601; a date means its beginning, without an offset it is UTC. */
  @Optional(IsoTime()) from?: string;

  /** Before this moment. */
  @Optional(IsoTime()) to?: string;

  /** The time that from, to and the order go by: when it was recorded (default), or when it is said to have happened. */
  @Optional(OneOf(['recorded', 'occurred'], 'Clock')) clock?: 'recorded' | 'occurred';

  /** Words that must all be there, or parts of them: in type, object, actor, reason or data. */
  @Optional(Text({ max: 200 })) text?: string;

  /** Refused and failed commands: among the others (default), only them, or without them. */
  @Optional(OneOf(['with', 'only', 'without'], 'Refused')) refused?: 'only' | 'with' | 'without';
}

/** The same, page by page; limit and cursor are those of every page. */
export class AuditEventParameters extends AuditFilterParameters implements PageParameters {
  @Optional(Integer({ min: 1, max: 1_000 })) limit: number = 100;
  @Optional(Text({ max: 8_000 })) cursor?: string;

  /** Oldest events first (default), or newest. */
  @Optional(OneOf(['asc', 'desc'], 'Order')) order?: 'asc' | 'desc';
}

export class AuditReportParameters {
  /** The caller's own, where nothing is said. */
  @Optional(Identifier()) tenant?: string;

  /** From this moment on, in ISO 8601, by when events were recorded. */
  @IsoTime() from: string;

  /** Before this moment. */
  @IsoTime() to: string;

  /** Most lines of each list; the largest counts come first. */
  @Optional(Integer({ min: 1, max: 10_000 })) top: number = 100;

  @Optional(OneOf(['json', 'csv'])) format?: 'json' | 'csv';
}

export class AuditExportParameters extends AuditFilterParameters {
  @Optional(OneOf(['ndjson', 'csv'])) format?: 'ndjson' | 'csv';
}

/**
 * The tenant whose events are asked for. There is no authentication yet, so that whoever asks may ask for any: once there is, this is
 * where it is decided.
 */
export function tenantAsked({ tenant }: { readonly tenant?: string }, callers: string): string {
  return tenant ?? callers;
}

/** The question in the words of the read model. Throws InvalidInput. */
export function toAuditQuery({ actor, actorType, types, from, to, ...same }: AuditFilterParameters): AuditQuery {
  const { objectType, objectId, correlationId, commandId, clock, text, refused } = same;
  const [, kind, id] = (actorType === undefined && /^([A-Za-z]\w*):(.+)$/s.exec(actor ?? '')) || [];
  return {
    ...{ objectType, objectId, correlationId, commandId, clock, text, refused },
    ...{ actor: id ?? actor, actorType: kind ?? actorType, types: types && [...new Set(types)] },
    ...periodOf({ from, to }),
  };
}
