import { Integer, ListOf, Nested, OneOf, Optional, Text, Timestamp } from '#platform/commands/fields';
import { AuditActor } from './audit-views.js';
import { csvRow } from './export/csv.js';

const Count = () => Integer({ min: 0 });
const MANY = { max: 1_000_000 };

export class AuditReportMoment {
  @Text() position: string;
  @Timestamp() recordedAt: string;
}

export class AuditActorCount {
  @Nested(AuditActor) actor: AuditActor;
  @Count() events: number;
}

/** How many events there were of this type, object type or day, or commands with this problem's code. */
export class AuditCount {
  @Optional(Text()) type?: string;
  @Optional(Text()) objectType?: string;
  @Optional(Text()) day?: string;
  @Optional(Text()) code?: string;
  @Count() events: number;
}

/** A period summed up. Days are UTC. */
export class AuditReport {
  @Timestamp() from: string;
  @Timestamp() to: string;
  @OneOf(['recorded']) clock: 'recorded';

  /** All events, refusals and failures among them. */
  @Count() events: number;
  @Count() refused: number;
  @Count() failed: number;

  /** How many different ones. */
  @Count() actors: number;

  @Optional(Nested(AuditReportMoment)) first?: AuditReportMoment;
  @Optional(Nested(AuditReportMoment)) last?: AuditReportMoment;
  @ListOf(Nested(AuditActorCount), MANY) byActor: AuditActorCount[];
  @ListOf(Nested(AuditCount), MANY) byType: AuditCount[];
  @ListOf(Nested(AuditCount), MANY) byObjectType: AuditCount[];
  @ListOf(Nested(AuditCount), MANY) byDay: AuditCount[];
  @ListOf(Nested(AuditCount), MANY) refusals: AuditCount[];
  @ListOf(Nested(AuditCount), MANY) failures: AuditCount[];
}

/** The report as a table of three columns: what is counted, of what, how many. */
export function reportAsCsv(report: AuditReport): string {
  const { from, to, events, refused, failed, actors, first, last } = report;
  const rows: (string | number)[][] = [
    ['period', 'from', from],
    ['period', 'to', to],
    ...Object.entries({ events, refused, failed, actors }).map(([name, count]) => ['total', name, count]),
    ...(first ? [['first', first.position, first.recordedAt]] : []),
    ...(last ? [['last', last.position, last.recordedAt]] : []),
    ...report.byActor.map(({ actor, events: n }) => ['actor', `${actor.type}:${actor.id}`, n]),
    ...report.byType.map(({ type, events: n }) => ['type', type!, n]),
    ...report.byObjectType.map(({ objectType, events: n }) => ['objectType', objectType!, n]),
    ...report.byDay.map(({ day, events: n }) => ['day', day!, n]),
    ...report.refusals.map(({ code, events: n }) => ['refusal', code!, n]),
    ...report.failures.map(({ code, events: n }) => ['failure', code!, n]),
  ];
  return [['what', 'which', 'value'], ...rows].map(csvRow).join('');
}
