import { Args, Context, Info, Mutation } from '@nestjs/graphql';
import type { GraphQLResolveInfo } from 'graphql';
import type { Command, CommandClass } from '#kernel/command';
import { Integer, Optional, Text, Timestamp } from '#platform/commands/fields';
import { fieldsOf } from '#platform/commands/field-list';
import { build } from '#platform/commands/validate';
import { pointerTo } from '#platform/commands/json-fields';
import { type Answer, enclose, type Envelope } from '#platform/dispatch/envelope';
import { CommandAnswer } from './command-answer.js';
import type { GraphqlContext } from './graphql-context.js';
import { argumentsIn, plainInput } from './input.js';
import { inputTypeOf } from './types-of-fields.js';

/** What a mutation says of its command beside the input; the request's headers hold where it says nothing. */
export class CommandConditions {
  @Optional(Text({ max: 255, pattern: /^[\x21-\x7e]+$/ })) idempotencyKey?: string;

  /** The revision that the object must have; -1 where it must not exist. */
  @Optional(Integer({ min: -1 })) expectedRevision?: number;

  @Optional(Text({ max: 1_000 })) reason?: string;
  @Optional(Timestamp()) occurredAt?: string;
}

const MEANINGS = {
  idempotencyKey:
    'The same key again gives the same answer and no event. Default: the header Idempotency-Key, `/`, and the name of this field in the answer.',
  expectedRevision: 'The revision that the object must have; -1 where it must not exist. Default: the header If-Match.',
  reason: 'Why; it stays with the events. Default: the header Perdure-Reason.',
  occurredAt: 'When it happened, where that is not now. Default: the header Perdure-Occurred-At.',
};

/** The commands that have a mutation. */
export const mutated = new Set<CommandClass>();

type CarryOut = (this: object, command: Command) => Promise<Answer>;

/**
 * Makes a method that takes a command and answers where its object stands a mutation of the command's name: its input type, its
 * checks and its envelope follow from the command's class.
 *
 * @example
 * @CommandMutation(CompleteTask)
 * complete(command: CompleteTask): Promise<Answer> {
 *   return this.commands.execute(command);
 * }
 */
export function CommandMutation(command: CommandClass): MethodDecorator {
  mutated.add(command);
  const input = inputTypeOf(command);
  const fields = fieldsOf(command);
  return (prototype, method, descriptor) => {
    const carryOut = descriptor.value as CarryOut;
    const mutate = async function (
      this: object,
      given: object,
      conditions: CommandConditions,
      context: GraphqlContext,
      info: GraphQLResolveInfo,
    ): Promise<CommandAnswer> {
      const built = build(command, plainInput(given, fields), (field) => pointerTo('/input', field));
      const envelope = envelopeIn(context.envelope, conditions, String(info.path.key));
      const answer = await carryOut.call(this, enclose(built, envelope));
      context.position = answer.position;
      return { ...answer, replayed: answer.replayed ?? false };
    };
    descriptor.value = mutate as never;
    const parameters = [
      Args('input', { type: () => input }),
      argumentsIn(CommandConditions, MEANINGS),
      Context(),
      Info(),
    ];
    // Nest looks for the types of parameters even where each says its own.
    Reflect.defineMetadata('design:paramtypes', Array(parameters.length).fill(Object), prototype, method);
    parameters.forEach((decorate, index) => decorate(prototype, method, index));
    const { name } = command;
    const mutation = Mutation(() => CommandAnswer, { name: name.charAt(0).toLowerCase() + name.slice(1) });
    mutation(prototype, method, descriptor as TypedPropertyDescriptor<unknown>);
  };
}

/** What the request says, and what the mutation says for itself. A key of the request stands for one of each of its mutations. */
export function envelopeIn(shared: Envelope, said: CommandConditions, responseName: string): Envelope {
  const { idempotencyKey, expectedRevision, reason, occurredAt } = said;
  const key = shared.idempotencyKey === undefined ? undefined : `${shared.idempotencyKey}/${responseName}`;
  return {
    ...shared,
    idempotencyKey: idempotencyKey ?? key,
    expected: expectedRevision === undefined ? shared.expected : expectedRevision === -1 ? 'none' : expectedRevision,
    reason: reason ?? shared.reason,
    occurredAt: occurredAt === undefined ? shared.occurredAt : new Date(occurredAt).toISOString(),
  };
}
