import { Context, Query, Resolver } from '@nestjs/graphql';
import { GraphqlContext } from '#platform/graphql/graphql-context';
import { Arguments } from '#platform/graphql/input';
import { limitComplexity, pageOf } from '#platform/graphql/page';
import { objectTypeOf } from '#platform/graphql/types-of-fields';
import { Identifier, Integer, Optional } from '#platform/commands/fields';
import { IsoTime, periodOf } from '#platform/history/moment-parameters';
import type { PageOf } from '#platform/http/paging';
import { AuditEventParameters, tenantAsked } from './audit-parameters.js';
import { AuditReport } from './audit-report-form.js';
import { AuditReports } from './audit-report.js';
import { AuditEntry, AuditViews } from './audit-views.js';

const EntryType = objectTypeOf(AuditEntry, 'AuditEntry', 'What happened or was refused: who, what, when, why.');
const EntryPage = pageOf(() => EntryType, 'AuditEntry');
const ReportType = objectTypeOf(AuditReport, 'AuditReport', 'Who did how much of what in a period.');

const MEANINGS = {
  actor: "An actor's id, or type:id.",
  from: 'From this moment on.',
  to: 'Before this moment.',
  clock: 'Which time from, to and the order mean: when it was recorded (default), or when it occurred.',
  text: 'Words that must all be there, or parts of them.',
  refused: 'Refused commands: among the others (default), only them, or without them.',
  cursor: 'next of the page before.',
};

class AuditReportArguments {
  @Optional(Identifier()) tenant?: string;
  @IsoTime() from: string;
  @IsoTime() to: string;
  @Optional(Integer({ min: 1, max: 10_000 })) top: number = 100;
}

/** Who did what, over all objects. */
@Resolver()
export class AuditResolver {
  constructor(
    private readonly views: AuditViews,
    private readonly reports: AuditReports,
  ) {}

  @Query(() => EntryPage, {
    ...limitComplexity,
    description:
      'Events of all objects, by who, what, when and why; refused commands too. A page may be short and have a next one.',
  })
  async auditEvents(
    @Arguments(MEANINGS) parameters: AuditEventParameters,
    @Context() context: GraphqlContext,
  ): Promise<PageOf<AuditEntry>> {
    await context.reads('audit');
    return this.views.events(tenantAsked(parameters, context.tenant), parameters);
  }

  @Query(() => ReportType, {
    complexity: 1_000,
    description: 'A period summed up: who did how much of what, and what was refused.',
  })
  async auditReport(
    @Arguments() { tenant, from, to, top }: AuditReportArguments,
    @Context() context: GraphqlContext,
  ): Promise<AuditReport> {
    await context.reads('audit', 'audit-days');
    return this.reports.report(tenantAsked({ tenant }, context.tenant), periodOf({ from, to }, ''), top);
  }
}
