import { Inject, type Provider } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { Resolver } from '@nestjs/graphql';
import type { Command, CommandClass } from '#kernel/command';
import type { Answer } from '#platform/dispatch/envelope';
import { commandsTaken } from '#platform/http/input';
import { CommandMutation, mutated } from './command-mutation.js';

const generated = new Map<CommandClass, Provider>();

/**
 * A mutation for every command that clients may send over REST. Those that a resolver has a mutation for are left out: its module
 * must be loaded before.
 */
export function commandMutations(): Provider[] {
  for (const command of commandsTaken) if (!mutated.has(command)) generated.set(command, mutationOf(command));
  return [...generated.values()];
}

function mutationOf(command: CommandClass): Provider {
  @Resolver()
  class CommandResolver {
    constructor(@Inject(CommandBus) private readonly commands: CommandBus) {}

    carryOut(given: Command): Promise<Answer> {
      return this.commands.execute<Command, Answer>(given);
    }
  }
  const { prototype } = CommandResolver;
  const descriptor = Object.getOwnPropertyDescriptor(prototype, 'carryOut')!;
  // Nest keys what it knows of a resolver by its class and method.
  const method = `carryOut${command.name}`;
  CommandMutation(command)(prototype, method, descriptor);
  Object.defineProperty(prototype, method, descriptor);
  Object.defineProperty(CommandResolver, 'name', { value: `${command.name}Resolver` });
  return CommandResolver;
}
