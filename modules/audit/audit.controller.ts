import { Readable } from 'node:stream';
import { Controller, Get, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Tenant } from '#platform/http/caller';
import { periodOf } from '#platform/history/moment-parameters';
import { QueryEndpoint } from '#platform/http/endpoint';
import { Parameters } from '#platform/http/input';
import type { PageOf } from '#platform/http/paging';
import { AuditEventParameters, AuditExportParameters, AuditReportParameters } from './audit-parameters.js';
import { tenantAsked, toAuditQuery } from './audit-parameters.js';
import { AuditReport, reportAsCsv } from './audit-report-form.js';
import { AuditReports } from './audit-report.js';
import { AuditEntry, AuditViews } from './audit-views.js';
import { AuditExports } from './export/audit-exports.js';
import { EXPORT_FORMATS } from './export/export-format.js';

/** Who did what, when and why: over all objects, and what was refused. */
@Controller('api/v1/audit')
export class AuditController {
  constructor(
    private readonly views: AuditViews,
    private readonly reports: AuditReports,
    private readonly exports: AuditExports,
  ) {}

  @Get('events')
  @QueryEndpoint({
    summary: 'List events of all objects, by who, what, when and why',
    description:
      'Refused commands are among them. With `text` a page looks at no more than 20,000 events: it may have fewer items than its limit, or none, and a next page all the same.',
    paged: true,
    reads: ['audit'],
    answer: AuditEntry,
    errors: ['invalid-cursor'],
  })
  events(@Parameters() parameters: AuditEventParameters, @Tenant() tenant: string): Promise<PageOf<AuditEntry>> {
    return this.views.events(tenantAsked(parameters, tenant), parameters);
  }

  @Get('report')
  @QueryEndpoint({
    summary: 'Sum up a period: who did how much of what, and what was refused',
    description: 'As JSON, or as a table: `format=csv`, or `Accept: text/csv`.',
    reads: ['audit', 'audit-days'],
    answer: AuditReport,
    alsoProduces: ['text/csv'],
  })
  async report(
    @Parameters() parameters: AuditReportParameters,
    @Tenant() tenant: string,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<AuditReport | string> {
    const { from, to, top, format } = parameters;
    const report = await this.reports.report(tenantAsked(parameters, tenant), periodOf({ from, to }), top);
    if ((format ?? wanted(request)) !== 'csv') return report;
    void reply.header('content-type', 'text/csv; charset=utf-8');
    return reportAsCsv(report);
  }

  @Get('export')
  @QueryEndpoint({
    summary: 'Export events, so that they can be verified with the public key alone',
    description:
      'The events as they are stored, with a signed head of the audit tree, proofs, signed checkpoints and a signed end: docs/guides/audit.md. An export without an end was cut off.',
    reads: ['audit'],
    answer: { type: 'string' },
    produces: 'application/x-ndjson',
    alsoProduces: ['text/csv'],
    errors: [
      ...['audit-tree-incomplete', 'audit-tree-differs', 'audit-history-changed'],
      ...['audit-key-missing', 'audit-key-unusable'],
    ],
  })
  async export(
    @Parameters() { format, ...parameters }: AuditExportParameters,
    @Tenant() tenant: string,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Readable> {
    const form = EXPORT_FORMATS[format ?? wanted(request) ?? 'ndjson'];
    const text = await this.exports.export(tenantAsked(parameters, tenant), toAuditQuery(parameters), form);
    void reply
      .header('content-type', `${form.mediaType}; charset=utf-8`)
      .header('content-disposition', `attachment; filename="audit.${form.extension}"`);
    return Readable.from(text, { objectMode: false });
  }
}

function wanted(request: FastifyRequest): 'csv' | undefined {
  return /\btext\/csv\b/.test(request.headers.accept ?? '') ? 'csv' : undefined;
}
