import type { Command } from 'commander';
import { CommandRunner } from 'nest-commander';

/** A command of Perdure's: what it cannot understand ends with exit code 2 and a hint instead of ending the process by itself. */
export abstract class PerdureCommand extends CommandRunner {
  override setCommand(command: Command): this {
    return super.setCommand(understandable(command));
  }
}

/** A command that only has others under it: alone it shows which. */
export abstract class CommandGroup extends PerdureCommand {
  override run(): Promise<void> {
    return this.command.help({ error: true });
  }
}

/** Lets the command throw instead of ending the process, and name the way to its help. */
export function understandable(command: Command): Command {
  return command.exitOverride().showHelpAfterError('Add --help to see what there is.');
}
