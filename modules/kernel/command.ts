/**
 * What may be asked of an object. Subclasses are DTOs: one decorator a field (`#platform/commands/fields`) states type and
 * limits once.
 *
 * @example CompleteTask.of({ taskId: 'a', result: 42 })
 */
export abstract class Command {
  /** A command with these fields, not yet validated. */
  static of<C extends Command>(this: CommandClass<C>, fields: FieldsOf<C>): C {
    return Object.assign(new this(), fields);
  }
}

export type CommandClass<C extends Command = Command> = new () => C;

/** The fields of a command, without its methods. */
export type FieldsOf<C> = { [K in keyof C as C[K] extends (...args: never[]) => unknown ? never : K]: C[K] };
