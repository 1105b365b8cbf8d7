import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { Command, Help, Option, SubCommand } from 'nest-commander';
import { ApiCommand, type ApiOptions } from '../api/api-command.js';
import type { Api } from '../api/api.js';
import { UsageError } from '../exit-codes.js';
import { time, wholeNumber } from '../option-values.js';
import { printJson, printLine } from '../output/print.js';
import { CommandGroup } from '../perdure-command.js';
import { printReport, type Report } from './report.js';
import { AuditVerifyCommand } from './verify.command.js';

interface PeriodOptions extends ApiOptions {
  readonly from?: string;
  readonly to?: string;
}

/** Milliseconds of the period that is reported where none is given. */
const BY_DEFAULT = 30 * 24 * 3_600_000;

/** A command on what happened in a period. */
abstract class PeriodCommand extends ApiCommand {
  @Option({ flags: '--from <time>', description: 'beginning of the period, ISO 8601' })
  from(text: string): string {
    return time(text);
  }

  @Option({ flags: '--to <time>', description: 'end of the period, ISO 8601, itself not in it' })
  to(text: string): string {
    return time(text);
  }
}

@SubCommand({
  name: 'report',
  description: 'sum up a period (default: the last 30 days): who did how much of what, and what was refused',
})
export class AuditReportCommand extends PeriodCommand {
  @Option({ flags: '--top <n>', description: 'most lines of each list', defaultValue: 100 })
  top(text: string): number {
    return wholeNumber(text, 1, 10_000);
  }

  override async run(_: string[], options: PeriodOptions & { top: number }): Promise<void> {
    const to = options.to ?? new Date().toISOString();
    const from = options.from ?? new Date(Date.parse(to) - BY_DEFAULT).toISOString();
    const query = { from, to, top: options.top };
    const report = await this.withApi(options, async (api) => {
      return api.get<Report>('/api/v1/audit/report', { ...query, ...(await upToDate(api)) });
    });
    if (options.json) printJson(report);
    else printReport(report);
  }
}

const EXPORT_HELP = `
The default is everything. An export that was cut off has no end, and does not verify.

Examples:
  perdure audit export --output all.ndjson
  perdure audit export --from 2026-01-01 --to 2026-02-01 --actor user:ada --format csv --output january.csv`;

interface ExportOptions extends PeriodOptions {
  readonly format?: string;
  readonly actor?: string;
  readonly type?: readonly string[];
  readonly objectType?: string;
  readonly objectId?: string;
  readonly refused?: string;
  readonly output?: string;
}

@SubCommand({ name: 'export', description: 'write events so that they can be verified with the public key alone' })
export class AuditExportCommand extends PeriodCommand {
  @Option({ flags: '--format <format>', description: 'ndjson (default) or csv', choices: ['ndjson', 'csv'] })
  format(format: string): string {
    return format;
  }

  @Option({ flags: '--actor <actor>', description: 'only what this actor did' })
  actor(actor: string): string {
    return actor;
  }

  @Option({ flags: '--type <type>', description: 'only events of this type; may be repeated' })
  type(type: string, before: string[] = []): string[] {
    return [...before, type];
  }

  @Option({ flags: '--object-type <type>', description: 'only of objects of this type' })
  objectType(type: string): string {
    return type;
  }

  @Option({ flags: '--object-id <id>', description: 'only of this object' })
  objectId(id: string): string {
    return id;
  }

  @Option({
    flags: '--refused <how>',
    description: 'refused commands: among the others, only them, or without them',
    choices: ['with', 'only', 'without'],
  })
  refused(how: string): string {
    return how;
  }

  @Option({ flags: '--output <file>', description: 'write to a file instead of standard output' })
  output(file: string): string {
    return file;
  }

  @Help('after')
  examples(): string {
    return EXPORT_HELP;
  }

  override async run(_: string[], options: ExportOptions): Promise<void> {
    const { from, to, format, actor, type: types, objectType, objectId, refused, output, json } = options;
    if (json && output === undefined && format === 'csv') throw new UsageError('--json goes with --format ndjson.');
    const query = { from, to, format, actor, types, objectType, objectId, refused };
    await this.withApi(options, async (api) => {
      const body = await api.body('/api/v1/audit/export', { ...query, ...(await upToDate(api)) });
      if (output === undefined) await pipeline(body, process.stdout, { end: false });
      else await pipeline(body, createWriteStream(output));
    });
    if (output === undefined) return;
    if (json) printJson({ file: output });
    else printLine(`${output} is written: verify it with perdure audit verify --key <file> --export ${output}`);
  }
}

@Command({
  name: 'audit',
  description: 'report on, verify and export what happened',
  subCommands: [AuditReportCommand, AuditVerifyCommand, AuditExportCommand],
})
export class AuditCommand extends CommandGroup {}

/** Everything that is stored by now must be in what answers, on a store that was just opened, too. */
async function upToDate(api: Api): Promise<{ after?: string; wait?: string }> {
  const { items } = await api.get<{ items: { position: string }[] }>('/api/v1/events', { order: 'desc', limit: 1 });
  return items[0] ? { after: items[0].position, wait: '30s' } : {};
}
