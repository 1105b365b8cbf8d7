import { Module } from '@nestjs/common';
import type { Command } from 'commander';
import { InjectCommander } from 'nest-commander';
import { AuditCommand } from './audit/commands.js';
import { BackupCommand, RestoreCommand } from './backup/commands.js';
import { CompareCommand, CopyCommand } from './copy/commands.js';
import { EventsCommand } from './events/commands.js';
import { ImportCommand } from './import/import.command.js';
import { ObjectsCommand } from './objects/commands.js';
import { OpenApiCommand } from './openapi/openapi.command.js';
import { understandable } from './perdure-command.js';
import { ProjectionsCommand } from './projections/commands.js';
import { DemoCommand, StartCommand, WorkerCommand } from './serving/commands.js';

const ENDING = `
Exit codes: 0 done, 1 failed, 2 not understood, 3 imported but rows were refused,
            4 two stores are not the same, 130 stopped with Ctrl-C
Settings:   PORT (3000), PERDURE_DATA (./data), PERDURE_URL (http://localhost:3000), NO_COLOR`;

/** The commands of `perdure`. What they work with takes its time to load: each loads it when it runs. */
@Module({
  providers: [
    StartCommand,
    WorkerCommand,
    DemoCommand,
    ImportCommand,
    CopyCommand,
    CompareCommand,
    BackupCommand,
    RestoreCommand,
    OpenApiCommand,
    ...AuditCommand.registerWithSubCommands(),
    ...EventsCommand.registerWithSubCommands(),
    ...ObjectsCommand.registerWithSubCommands(),
    ...ProjectionsCommand.registerWithSubCommands(),
  ],
})
export class CliModule {
  constructor(@InjectCommander() perdure: Command) {
    understandable(perdure)
      .name('perdure')
      .description('A backend in which everything that lasts is a durable object with one stream of events.')
      .addHelpText('after', ENDING);
  }
}
