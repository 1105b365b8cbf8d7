import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { Command, Option, SubCommand } from 'nest-commander';
import { ApiCommand, type ApiOptions } from '../api/api-command.js';
import { CommandGroup } from '../perdure-command.js';
import { printJson, printLine, printTable } from '../output/print.js';
import { AuditVerifyCommand } from './verify.command.js';

interface Counts {
  readonly events: number;
  readonly refused: number;
  readonly failed: number;
  readonly actors: number;
  readonly objects: number;
  readonly byActor: readonly {
    readonly actor: { readonly type: string; readonly id: string };
    readonly events: number;
  }[];
  readonly byType: readonly { readonly type: string; readonly events: number }[];
  readonly byDay: readonly { readonly day: string; readonly events: number }[];
  readonly refusals: readonly { readonly code: string; readonly events: number }[];
}

interface PeriodOptions extends ApiOptions {
  readonly from?: string;
  readonly to?: string;
}

/** A command on what happened in a period. */
abstract class PeriodCommand extends ApiCommand {
  @Option({ flags: '--from <time>', description: 'beginning of the period, ISO 8601' })
  from(time: string): string {
    return time;
  }

  @Option({ flags: '--to <time>', description: 'end of the period, ISO 8601, itself not in it' })
  to(time: string): string {
    return time;
  }
}

@SubCommand({ name: 'report', description: 'sum up a period: who did how much of what, and what was refused' })
export class AuditReportCommand extends PeriodCommand {
  override async run(_: string[], options: PeriodOptions): Promise<void> {
    const { from, to, json } = options;
    const report = await this.withApi(options, (api) => api.get<Counts>('/api/v1/audit/report', { from, to }));
    if (json) return printJson(report);
    const { events, refused, failed, actors, objects } = report;
    printTable(['in all', ''], Object.entries({ events, refused, failed, actors, objects }));
    const parts: [string, [string, number][]][] = [
      ['actor', report.byActor.map(({ actor, events }) => [`${actor.type}:${actor.id}`, events])],
      ['type', report.byType.map(({ type, events }) => [type, events])],
      ['day', report.byDay.map(({ day, events }) => [day, events])],
      ['refused with', report.refusals.map(({ code, events }) => [code, events])],
    ];
    for (const [name, rows] of parts.filter(([, rows]) => rows.length > 0)) {
      printLine();
      printTable([name, 'events'], rows);
    }
  }
}

interface ExportOptions extends PeriodOptions {
  readonly format?: string;
  readonly actor?: string;
  readonly type?: readonly string[];
  readonly objectType?: string;
  readonly objectId?: string;
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

  @Option({ flags: '--output <file>', description: 'write to a file instead of standard output' })
  output(file: string): string {
    return file;
  }

  override async run(_: string[], options: ExportOptions): Promise<void> {
    const { from, to, format, actor, type, objectType, objectId, output } = options;
    const query = { from, to, format, actor, type, objectType, objectId };
    await this.withApi(options, async (api) => {
      const body = await api.body('/api/v1/audit/export', query);
      if (output === undefined) await pipeline(body, process.stdout, { end: false });
      else await pipeline(body, createWriteStream(output));
    });
  }
}

@Command({
  name: 'audit',
  description: 'report on, verify and export what happened',
  subCommands: [AuditReportCommand, AuditVerifyCommand, AuditExportCommand],
})
export class AuditCommand extends CommandGroup {}
