import type { Command } from 'commander';
import { CommandRunner, Option } from 'nest-commander';
import { UsageError } from './exit-codes.js';

/**
 * A command of Perdure's: what it cannot understand ends with exit code 2 and a hint instead of ending the process by itself. With
 * `--json` nothing but JSON is on standard output: one document, or a line for each item where there can be many.
 */
export abstract class PerdureCommand extends CommandRunner {
  override setCommand(command: Command): this {
    return super.setCommand(understandable(command).allowExcessArguments(false));
  }

  @Option({ flags: '--json', description: 'write JSON, for programs' })
  json(): boolean {
    return true;
  }
}

/** A command that only has others under it: alone it shows which. */
export abstract class CommandGroup extends CommandRunner {
  override setCommand(command: Command): this {
    return super.setCommand(understandable(command));
  }

  override run([name]: string[]): Promise<void> {
    if (name === undefined) return this.command.help({ error: true });
    const names = this.command.commands.map((command) => command.name()).join(', ');
    throw new UsageError(`There is no '${this.command.name()} ${name}'. There is: ${names}.`);
  }
}

/** Lets the command throw instead of ending the process, and name the way to its help. */
export function understandable(command: Command): Command {
  return command.exitOverride().showHelpAfterError('Add --help to see what there is.');
}

/** Lets no command of the program begin with a value that is not among the choices of its option. */
export function checkChoices(program: Command): Command {
  // nest-commander gives every option a parser of its own, which takes the place of commander's check.
  return program.hook('preAction', (_, command) => {
    for (const option of command.options) {
      const given = command.getOptionValue(option.attributeName()) as string | undefined;
      if (given === undefined || !option.argChoices || option.argChoices.includes(given)) continue;
      command.error(`error: ${option.long} ${given} is not among the choices: ${option.argChoices.join(', ')}.`);
    }
  });
}
