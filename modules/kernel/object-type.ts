import type { Command, CommandClass } from './command.js';
import type { Attributed, Actor, DomainEvent } from './event.js';
import type { PersonalData } from './personal.js';

/** State is a union by `status`; `absent` is that of an object that does not exist (yet, or any more). */
export interface ObjectState {
  readonly status: string;
}

/** Names one object: its type and its id within the tenant. */
export interface ObjectRef {
  readonly type: string;
  readonly id: string;
}

/** What a decision may use beside the state and the command: everything impure comes in here. */
export interface Context<Needs = unknown> {
  readonly now: Date;
  /** When it happened: now, but where the sender says that it was earlier (an import). Events carry it. */
  readonly occurredAt: Date;
  readonly tenant: string;
  readonly actor: Actor;
  /** The object that decides. */
  readonly object: ObjectRef;
  /** A new id. The n-th one of a command is the same when the command is decided again. */
  newId(): string;
  /** States of other objects that the type asked for with `needing`. */
  readonly needs: Needs;
}

/** Turns a command into events, or throws a domain error. Strict, pure, synchronous. */
export type Decide<State, Event extends DomainEvent, C extends Command, Needs> = (
  state: State,
  command: C,
  context: Context<Needs>,
) => readonly Event[];

/** Folds an event into the state. Total and silent: it never throws and knows every event. */
export type Evolve<State, Event extends DomainEvent> = (state: State, event: Attributed<Event>) => State;

/** What a type knows when it says which values of an event are personal: what its decision knew. */
export interface PersonalContext<State, Needs = unknown> {
  readonly state: State;
  readonly object: ObjectRef;
  readonly needs: Needs;
}

/** Says which values of an event that was just decided are personal, and whose. Pure. */
export type Personal<State, Event extends DomainEvent, Needs = unknown> = (
  event: Event,
  context: PersonalContext<State, Needs>,
) => readonly PersonalData[];

/** The same by the event's type, where that alone says which fields are personal. */
type PersonalByType<Event extends DomainEvent> = {
  readonly [Type in Event['type']]?: {
    readonly subject: (event: Extract<Event, { type: Type }>, object: ObjectRef) => string;
    readonly fields: readonly string[];
  };
};

export interface ObjectTypeOptions {
  /** Grows when the state changes its shape; older snapshots are then left aside. Default 1. */
  readonly stateVersion?: number;
  /** Whether it stands for all types that nobody else declared: the user's own. Only one type can. */
  readonly open?: boolean;
}

type AnyDecide<State, Event extends DomainEvent> = (state: State, command: never, context: never) => readonly Event[];

/**
 * A kind of durable object: a pure decider (J. Chassaing, "Functional Event Sourcing Decider", 2021).
 *
 * @example
 * export const task = objectType<Task, TaskEvent>('task', { status: 'absent' }, evolve)
 *   .on(CreateTask, create)
 *   .on(CompleteTask, complete);
 */
export class ObjectType<State extends ObjectState, Event extends DomainEvent, Needs = unknown> {
  readonly #decisions = new Map<CommandClass, AnyDecide<State, Event>>();
  #address: (command: Command) => { type: string; id?: string };
  #needs: ((command: never) => Record<string, ObjectRef>) | undefined;
  #personal: Personal<State, Event> | undefined;

  constructor(
    readonly name: string,
    readonly initial: State,
    readonly evolve: Evolve<State, Event>,
    readonly options: ObjectTypeOptions = {},
  ) {
    const field = `${name}Id`;
    this.#address = (command) => ({ type: name, id: (command as unknown as Record<string, string>)[field] });
  }

  /** Adds a command and the function that decides it. */
  on<C extends Command>(command: CommandClass<C>, decide: Decide<State, Event, C, Needs>): this {
    this.#decisions.set(command, decide);
    return this;
  }

  /**
   * How a command names its object, where that is not the field `<name>Id`. An id left out is made from the command's
   * id, so that the same command creates the same object.
   */
  addressedBy<C extends Command>(address: (command: C) => { type: string; id?: string }): this {
    this.#address = address as (command: Command) => { type: string; id?: string };
    return this;
  }

  /** States of other objects that decisions of this type read, as they are when the command arrives. */
  needing<N, C extends Command = Command>(
    needs: (command: C) => { [K in keyof N]: ObjectRef },
  ): ObjectType<State, Event, N> {
    const type = this as unknown as ObjectType<State, Event, N>;
    type.#needs = needs;
    return type;
  }

  /**
   * Says which values of its events are personal: they are stored sealed with a key of their subject's, and end with that key.
   * Decisions see them in plain; `evolve` and projections see them sealed, and must only copy them.
   *
   * @example
   * objectType('customer', { status: 'absent' }, evolve)
   *   .personal({ 'customer.registered': { subject: (_, { id }) => id, fields: ['/email', '/name'] } })
   */
  personal(personal: PersonalByType<Event> | Personal<State, Event, Needs>): this {
    this.#personal =
      typeof personal === 'function' ? (personal as Personal<State, Event>) : personalByType<State, Event>(personal);
    return this;
  }

  /** Whether its states may hold sealed values. */
  get hasPersonal(): boolean {
    return this.#personal !== undefined;
  }

  /** The personal values of an event that was just decided. */
  personalIn(event: Event, context: PersonalContext<State>): readonly PersonalData[] {
    return this.#personal?.(event, context) ?? NOTHING_PERSONAL;
  }

  get stateVersion(): number {
    return this.options.stateVersion ?? 1;
  }

  get commands(): readonly CommandClass[] {
    return [...this.#decisions.keys()];
  }

  addressOf(command: Command): { type: string; id?: string } {
    return this.#address(command);
  }

  /** The objects whose states a decision on this command reads, or undefined. */
  needsOf(command: Command): Record<string, ObjectRef> | undefined {
    return this.#needs?.(command as never);
  }

  /** The events that the command leads to. Throws a domain error where it is refused. */
  decide(state: State, command: Command, context: Context<Needs>): readonly Event[] {
    const decide = this.#decisions.get(command.constructor as CommandClass);
    if (!decide)
      throw new Error(`Object type '${this.name}' has no decision for ${command.constructor.name}: add .on(…).`);
    return decide(state, command as never, context as never);
  }

  /** The state after these events. */
  fold(events: Iterable<Attributed<Event>>, from: State = this.initial): State {
    let state = from;
    for (const event of events) state = this.evolve(state, event);
    return state;
  }
}

const NOTHING_PERSONAL: readonly PersonalData[] = [];

function personalByType<State, Event extends DomainEvent>(types: Record<string, unknown>): Personal<State, Event> {
  return (event, { object }) => {
    const personal = types[event.type] as
      { readonly subject: (event: Event, object: ObjectRef) => string; readonly fields: readonly string[] } | undefined;
    return personal ? [{ subject: personal.subject(event, object), fields: personal.fields }] : NOTHING_PERSONAL;
  };
}

/** Declares a kind of durable object; see {@link ObjectType}. */
export function objectType<State extends ObjectState, Event extends DomainEvent>(
  name: string,
  initial: State,
  evolve: Evolve<State, Event>,
  options?: ObjectTypeOptions,
): ObjectType<State, Event> {
  return new ObjectType(name, initial, evolve, options);
}
