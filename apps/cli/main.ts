import { Command, CommanderError } from 'commander';
import { CommandFailed, EXIT } from './exit-codes.js';
import { VERSION } from '#platform/config/version';
import type { OpenApiRequest } from './openapi.js';
import { compareCommand, copyCommand } from './copy/command.js';
import { importCommand } from './import/command.js';

const ENDING = `
Exit codes: 0 done, 1 failed, 2 not understood, 3 imported but rows were refused,
            4 two stores are not the same, 130 stopped with Ctrl-C
Settings:   PORT (3000), PERDURE_DATA (./data), PERDURE_URL (http://localhost:3000), NO_COLOR`;

/** A server's modules take their time to load: only the commands that start one load them. */
function program(): Command {
  const perdure = new Command('perdure')
    .description('A backend in which everything that lasts is a durable object with one stream of events.')
    .version(VERSION, '--version', 'print the version')
    .addHelpText('after', ENDING);
  perdure
    .command('start')
    .description('serve the API until it is stopped')
    .action(async () => (await import('./start.js')).start());
  perdure
    .command('worker')
    .description('project and do jobs behind APIs that run with PERDURE_WORKER=apart')
    .action(async () => (await import('./start.js')).startWorker());
  perdure
    .command('demo')
    .description('serve the API and play a short sample through it')
    .option('--once', 'end after the sample', false)
    .action(async ({ once }: { once: boolean }) => (await import('./demo/demo.js')).demo({ once }));
  perdure.addCommand(importCommand());
  perdure.addCommand(copyCommand());
  perdure.addCommand(compareCommand());
  perdure
    .command('openapi')
    .description('print the OpenAPI document of the API')
    .option('--output <file>', 'write it to a file')
    .option('--check <file>', 'only say whether the file is up to date')
    .action(async (request: OpenApiRequest) => (await import('./openapi.js')).openapi(request));
  for (const command of [perdure, ...perdure.commands]) {
    command.exitOverride().showHelpAfterError('Add --help to see what there is.');
  }
  return perdure;
}

try {
  await program().parseAsync();
} catch (error) {
  process.exitCode = exitCodeOf(error);
  // A connection that a failed start left open must not keep the process; nothing else has anything left to do.
  setTimeout(() => process.exit(), 1_000).unref();
}

function exitCodeOf(error: unknown): number {
  // Commander has written its message already; its code is 0 for --help.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (error instanceof CommandFailed) {
    process.stderr.write(`${error.message}\n`);
    return error.exitCode;
  }
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return EXIT.failed;
}
