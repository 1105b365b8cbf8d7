import type { Command, CommandClass } from '#kernel/command';
import type { DomainEvent } from '#kernel/event';
import type { ObjectState, ObjectType } from '#kernel/object-type';

export type AnyObjectType = ObjectType<ObjectState, DomainEvent>;

/** Erases the type parameters of an object type, for the platform's own lists. */
export function anyObjectType<S extends ObjectState, E extends DomainEvent, N>(
  type: ObjectType<S, E, N>,
): AnyObjectType {
  return type as unknown as AnyObjectType;
}

/** All object types of this process and their commands. Refuses, at start, what would be ambiguous later. */
export class ObjectRegistry {
  readonly #types = new Map<string, AnyObjectType>();
  readonly #commands = new Map<CommandClass, AnyObjectType>();
  readonly #names = new Map<string, CommandClass>();
  #open: AnyObjectType | undefined;

  add(type: AnyObjectType): void {
    if (this.#types.has(type.name)) throw new Error(`Two object types are called '${type.name}': rename one.`);
    this.#types.set(type.name, type);
    if (type.options.open) {
      if (this.#open) throw new Error(`Both '${this.#open.name}' and '${type.name}' are open: only one type can be.`);
      this.#open = type;
    }
    for (const command of type.commands) {
      const other = this.#commands.get(command) ?? this.#names.get(command.name);
      if (other) throw new Error(`Command ${command.name} is declared twice: rename one, or remove one .on(…).`);
      this.#commands.set(command, type);
      this.#names.set(command.name, command);
    }
  }

  get types(): readonly AnyObjectType[] {
    return [...this.#types.values()];
  }

  /** The type of the objects whose streams carry this type name, or undefined. */
  typeNamed(name: string): AnyObjectType | undefined {
    const type = this.#types.get(name);
    return type?.options.open ? undefined : (type ?? this.#open);
  }

  /** The type that decides this command. */
  deciderOf(command: Command): AnyObjectType {
    return this.typeDeciding(command.constructor as CommandClass);
  }

  /** The type that decides commands of this class. Throws, with the line to add, where there is none. */
  typeDeciding(command: CommandClass): AnyObjectType {
    const type = this.#commands.get(command);
    if (!type) throw new Error(`No object type decides ${command.name}: add .on(${command.name}, …) to one.`);
    return type;
  }

  /** Names of all commands, as they stand in the API. */
  get commandNames(): readonly string[] {
    return [...this.#names.keys()].sort();
  }

  /** The command class of this name, as it stands in the API, or undefined. */
  commandNamed(name: string): CommandClass | undefined {
    return this.#names.get(name);
  }
}
