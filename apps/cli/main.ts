import 'reflect-metadata';
import { CommanderError } from 'commander';
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
  await (processToStart(process.argv.slice(2)) ?? (await import('./program.js')).runProgram());
} catch (error) {
  process.exitCode = exitCodeOf(error);
  // A connection that a failed start left open must not keep the process; nothing else has anything left to do.
  setTimeout(() => process.exit(), 1_000).unref();
}

/**
 * What is started in a deployment, and again after every failure, does not wait a fifth of a second for what understands all other
 * command lines. Undefined for those.
 */
function processToStart(line: readonly string[]): Promise<void> | undefined {
  if (line.length !== 1) return undefined;
  const json = false;
  if (line[0] === 'start') return import('./serving/start.js').then(({ start }) => start({ json }));
  if (line[0] === 'worker') return import('./serving/start.js').then(({ startWorker }) => startWorker({ json }));
  return undefined;
}

function exitCodeOf(error: unknown): number {
  // Commander has written its message already; its code is 0 for --help.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (error instanceof CommandFailed) {
    process.stderr.write(`${error.message}\n`);
    return error.exitCode;
  }
  // What the system says of a file names the file and what is wrong with it.
  if (error instanceof Error && 'syscall' in error && 'path' in error) {
    process.stderr.write(`${error.message}\n`);
    return EXIT.failed;
  }
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return EXIT.failed;
}
