import { Module } from '@nestjs/common';
import type { Command } from 'commander';
import { InjectCommander } from 'nest-commander';
import { AuditCommand } from './audit/commands.js';
import { BackupCommand, RestoreCommand } from './backup/commands.js';
import { CompareCommand, CopyCommand } from './copy/commands.js';
import { DoctorCommand } from './doctor/doctor.command.js';
import { EventsCommand } from './events/commands.js';
import { EXIT_CODES } from './exit-codes.js';
import { ImportCommand } from './import/import.command.js';
import { ObjectsCommand } from './objects/commands.js';
import { GraphqlSchemaCommand, OpenApiCommand } from './openapi/openapi.command.js';
import { OperationsCommand } from './operations/commands.js';
import { checkChoices, understandable } from './perdure-command.js';
import { ProjectionsCommand } from './projections/commands.js';
import { DemoCommand, DevCommand, StartCommand, WorkerCommand } from './serving/commands.js';
import { SubjectsCommand } from './subjects/commands.js';

const ENDING = `
Exit codes:
${EXIT_CODES.map(([code, meaning]) => `${String(code).padStart(5)}  ${meaning}`).join('\n')}

Environment:
  PERDURE_URL  the server that commands work on (http://localhost:3000)
  NO_COLOR     no colours, even on a terminal
  The settings of a server, such as PORT and PERDURE_DATA, are in README.md; perdure doctor shows those in force.
`;

/** The commands of `perdure`. What they work with takes its time to load: each loads it when it runs. */
@Module({
  providers: [
    StartCommand,
    DevCommand,
    WorkerCommand,
    DemoCommand,
    ImportCommand,
    CopyCommand,
    CompareCommand,
    BackupCommand,
    RestoreCommand,
    DoctorCommand,
    OpenApiCommand,
    GraphqlSchemaCommand,
    ...AuditCommand.registerWithSubCommands(),
    ...EventsCommand.registerWithSubCommands(),
    ...ObjectsCommand.registerWithSubCommands(),
    ...ProjectionsCommand.registerWithSubCommands(),
    ...OperationsCommand.registerWithSubCommands(),
    ...SubjectsCommand.registerWithSubCommands(),
  ],
})
export class CliModule {
  constructor(@InjectCommander() readonly program: Command) {
    checkChoices(understandable(program))
      .name('perdure')
      .description('A backend in which everything that lasts is a durable object with one stream of events.')
      .addHelpText('after', ENDING);
  }
}
