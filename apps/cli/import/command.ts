import { Command, InvalidArgumentError, Option } from 'commander';
import { CommandFailed, EXIT } from '../exit-codes.js';
import { FORMATS, importLog, type ImportReport, type ImportRequest } from './import-log.js';
import { grouped } from './progress.js';

const EXAMPLES = `
Each row becomes an event Noun.verb of the thing that its id column names. Columns that begin with case: are data of the
thing, the others of the event. Running the same import again adds nothing; after a stop it goes on where it stopped.

Examples:
  perdure import orders.csv --noun Order --id order --verb activity --time at
  perdure import log.xes.gz --noun Permit
  zcat log.csv.gz | perdure import - --format csv --noun Permit --id case --verb activity --time when`;

/** `perdure import`: brings an event log in through the API. */
export function importCommand(): Command {
  return new Command('import')
    .summary('bring in an event log: CSV, NDJSON or XES')
    .description(
      'Bring an event log (CSV, NDJSON or XES, also packed with gzip) in through the API of a running server.',
    )
    .argument('<file>', "the log; '-' is standard input")
    .requiredOption('--noun <noun>', 'kind of thing that a case is, such as Order')
    .option('--id <column>', 'column that names the case (XES: case:concept:name)')
    .option('--verb <column>', 'column that says what happened (XES: concept:name)')
    .option('--time <column>', 'column that says when, ISO 8601 (XES: time:timestamp)')
    .option('--url <url>', 'the server', process.env['PERDURE_URL'] ?? 'http://localhost:3000')
    .addOption(new Option('--format <format>', 'where the name of the file does not tell').choices(FORMATS))
    .option('--delimiter <text>', String.raw`between the cells of CSV; \t is a tab`, ',')
    .option('--encoding <name>', 'of the text', 'utf-8')
    .option('--thing-columns <a,b>', 'further columns that are data of the thing', listOf)
    .option('--rename <old=new>', 'call a column or a verb otherwise; may be repeated', appended)
    .option('--reason <text>', 'why, kept with each event (default: "Import of FILE")')
    .option('--batch <rows>', 'rows in a request, 1 to 1000', within(1, 1_000), 1_000)
    .option('--wait <seconds>', 'how long to wait for a server that is away', within(0, 86_400), 60)
    .option('--strict', 'stop at the first bad row', false)
    .addHelpText('after', EXAMPLES)
    .action(async (file: string, options: Omit<ImportRequest, 'file'>) => {
      process.once('SIGINT', stop);
      const report = await importLog({ ...options, file }, process.stderr);
      process.off('SIGINT', stop);
      process.stdout.write(summaryOf(report));
      if (report.refused === 0) return;
      if (options.strict) {
        throw new CommandFailed('Stopped at the first bad row (--strict). Mend it and run the same import again.');
      }
      process.exitCode = EXIT.refused;
    });
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

function listOf(text: string): string[] {
  return text.split(',').filter(Boolean);
}

function appended(text: string, before: string[] = []): string[] {
  return [...before, text];
}

function within(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && Number.isInteger(value) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`Write a whole number from ${least} to ${most}.`);
  };
}
