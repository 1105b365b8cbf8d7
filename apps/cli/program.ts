import { CommandFactory } from 'nest-commander';
import { VERSION } from '#platform/config/version';
import { CliModule } from './cli.module.js';

/** Carries out the command line. Rejects with CommanderError where it is not understood or was a question for help. */
export function runProgram(): Promise<void> {
  return CommandFactory.run(CliModule, {
    version: VERSION,
    logger: ['error'],
    abortOnError: false,
    errorHandler: rethrow,
    serviceErrorHandler: rethrow,
  });
}

function rethrow(error: Error): never {
  throw error;
}
