import 'reflect-metadata';
import { CommanderError } from 'commander';
import { CommandFactory } from 'nest-commander';
import { VERSION } from '#platform/config/version';
import { CliModule } from './cli.module.js';
import { CommandFailed, EXIT } from './exit-codes.js';

// Whoever reads what is printed has enough, as in `perdure events tail | head`: that is no mistake of anybody's.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});
// A command that has something to finish listens itself. The second Ctrl-C ends it at once.
process.on('SIGINT', () => {
  if (process.listenerCount('SIGINT') === 1) process.exit(EXIT.interrupted);
});

try {
  await CommandFactory.run(CliModule, {
    version: VERSION,
    logger: ['error'],
    abortOnError: false,
    errorHandler: rethrow,
    serviceErrorHandler: rethrow,
  });
} catch (error) {
  process.exitCode = exitCodeOf(error);
  // A connection that a failed start left open must not keep the process; nothing else has anything left to do.
  setTimeout(() => process.exit(), 1_000).unref();
}

function rethrow(error: Error): never {
  throw error;
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
