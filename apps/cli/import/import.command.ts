import { Command, Help, Option } from 'nest-commander';
import { ApiCommand, type ApiOptions } from '../api/api-command.js';
import { CommandFailed, EXIT } from '../exit-codes.js';
import { wholeNumber } from '../option-values.js';
import { printJson } from '../output/print.js';
import { grouped } from '../output/progress-bar.js';
import type { ImportReport, ImportRequest } from './import-log.js';

const EXAMPLES = `
Each row becomes an event Noun.verb of the thing that its id column names. Columns that begin with case: are data of the
thing, the others of the event. Running the same import again adds nothing; after a stop it goes on where it stopped.

Examples:
  perdure import orders.csv --noun Order --id order --verb activity --time at
  perdure import log.xes.gz --noun Permit
  zcat log.csv.gz | perdure import - --format csv --noun Permit --id case --verb activity --time when`;

type ImportOptions = ApiOptions & Omit<ImportRequest, 'file' | 'strict'> & { readonly strict?: boolean };

@Command({
  name: 'import',
  arguments: '<file>',
  argsDescription: { file: "the log; '-' is standard input" },
  description: 'bring an event log (CSV, NDJSON or XES, also packed with gzip) in as things and their history',
})
export class ImportCommand extends ApiCommand {
  @Option({ flags: '--noun <noun>', description: 'kind of thing that a case is, such as Order', required: true })
  noun(text: string): string {
    return text;
  }

  @Option({ flags: '--id <column>', description: 'column that names the case (XES: case:concept:name)' })
  id(text: string): string {
    return text;
  }

  @Option({ flags: '--verb <column>', description: 'column that says what happened (XES: concept:name)' })
  verb(text: string): string {
    return text;
  }

  @Option({ flags: '--time <column>', description: 'column that says when, ISO 8601 (XES: time:timestamp)' })
  time(text: string): string {
    return text;
  }

  @Option({
    flags: '--format <format>',
    description: 'where the name of the file does not tell',
    choices: ['csv', 'ndjson', 'xes'],
  })
  format(text: string): string {
    return text;
  }

  @Option({
    flags: '--delimiter <text>',
    description: String.raw`between the cells of CSV; \t is a tab`,
    defaultValue: ',',
  })
  delimiter(text: string): string {
    return text;
  }

  @Option({ flags: '--encoding <name>', description: 'of the text', defaultValue: 'utf-8' })
  encoding(text: string): string {
    return text;
  }

  @Option({ flags: '--reason <text>', description: 'why, kept with each event (default: "Import of FILE")' })
  reason(text: string): string {
    return text;
  }

  @Option({ flags: '--thing-columns <a,b>', description: 'further columns that are data of the thing' })
  thingColumns(text: string): string[] {
    return text.split(',').filter(Boolean);
  }

  @Option({ flags: '--rename <old=new>', description: 'call a column or a verb otherwise; may be repeated' })
  rename(text: string, before: string[] = []): string[] {
    return [...before, text];
  }

  @Option({ flags: '--batch <rows>', description: 'rows in a request, 1 to 1000', defaultValue: 1_000 })
  batch(text: string): number {
    return wholeNumber(text, 1, 1_000);
  }

  @Option({ flags: '--wait <seconds>', description: 'how long to wait for a server that is away', defaultValue: 60 })
  wait(text: string): number {
    return wholeNumber(text, 0, 86_400);
  }

  @Option({ flags: '--strict', description: 'stop at the first bad row' })
  strict(): boolean {
    return true;
  }

  @Help('after')
  examples(): string {
    return EXAMPLES;
  }

  override async run([file]: string[], { json = false, strict = false, ...options }: ImportOptions): Promise<void> {
    const { importLog } = await import('./import-log.js');
    process.once('SIGINT', stop);
    const report = await this.withApi(options, ({ url }) => {
      return importLog({ ...options, url, strict, file: file! }, process.stderr);
    });
    process.off('SIGINT', stop);
    if (json) printJson(report);
    else process.stdout.write(summaryOf(report));
    if (report.refused === 0) return;
    if (strict) {
      throw new CommandFailed('Stopped at the first bad row (--strict). Mend it and run the same import again.');
    }
    process.exitCode = EXIT.refused;
  }
}

function stop(): never {
  process.stderr.write('\nStopped. Run the same import again: it goes on where it stopped.\n');
  process.exit(EXIT.interrupted);
}

function summaryOf({ rows, cases, added, known, refused, seconds }: ImportReport): string {
  const lines: [string, string][] = [
    ['rows', grouped(rows)],
    ['cases', grouped(cases)],
    ['new', grouped(added)],
    ['already there', grouped(known)],
    ['refused', grouped(refused)],
    ['seconds', seconds.toFixed(1)],
    ['rows/s', grouped(Math.round(rows / seconds))],
  ];
  return lines.map(([name, value]) => `${name.padEnd(14)}${value.padStart(12)}\n`).join('');
}
