import { isDeepStrictEqual } from 'node:util';
import type { Attributed } from '#kernel/event';
import type { JsonObject } from '#kernel/json';
import { mergePatch } from '#kernel/merge-patch';
import { objectType, type Context, type ObjectRef } from '#kernel/object-type';

import type { Noun } from './noun.js';
import { personalOf, wholePersonal } from './personal-data.js';
import {
  ActOnThing,
  CreateThing,
  DeleteThing,
  RelateThing,
  ReplaceThing,
  RestoreThing,
  SoftDeleteThing,
  UnrelateThing,
  UpdateThing,
  type ThingCommand,
} from './thing.commands.js';
import {
  InvalidThing,
  RelatedThingNotFound,
  ReservedNoun,
  ReservedVerb,
  ThingExists,
  ThingNotFound,
  ThingSoftDeleted,
  ThingTooLarge,
  TooManyRelations,
} from './thing.errors.js';
import { factOf, isLifecycleVerb, RESERVED_NOUNS, type ThingEvent, type ThingRef } from './thing.events.js';
import { checkSchema } from './thing-schema.js';

/** A thing that is there. Times are Unix milliseconds. */
export interface LivingThing {
  readonly status: 'present' | 'soft-deleted';
  readonly data: JsonObject;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly deletedAt?: number;
  /** What it is related to, by relationship and the other thing; see `relationKey`. */
  readonly relations: Readonly<Record<string, Relation>>;
}

export interface Relation {
  readonly relationship: string;
  readonly to: ThingRef;
  readonly data?: JsonObject;
}

export type Thing = { readonly status: 'absent' } | LivingThing;

/** Longest data of a thing, in characters of JSON. */
export const MAX_THING_SIZE = 2 ** 20;

/** Most relations that start at one thing: each is a part of its state. */
export const MAX_RELATIONS = 1_000;

/** The noun says what is agreed; the target is the other end of a new relation. */
interface Needs {
  readonly noun: Noun;
  readonly target?: Thing;
}

function evolve(thing: Thing, event: Attributed<ThingEvent>): Thing {
  const fact = factOf(event);
  const at = Date.parse(event.metadata.occurredAt);
  // A thing that was only ever acted upon begins with that; one that was deleted begins anew.
  const before: LivingThing =
    thing.status === 'absent' ? { status: 'present', data: {}, createdAt: at, updatedAt: at, relations: {} } : thing;
  const now = { ...before, updatedAt: at };
  switch (fact.verb) {
    case 'created':
    case 'replaced':
      return { ...now, data: fact.data.data };
    case 'updated':
      return { ...now, data: mergePatch(before.data, fact.data.patch) };
    case 'acted':
      return fact.data.set ? { ...now, data: mergePatch(before.data, fact.data.set) } : now;
    case 'softDeleted':
      return { ...now, status: 'soft-deleted', deletedAt: at };
    case 'restored':
      return { ...now, status: 'present', deletedAt: undefined };
    case 'deleted':
      return { status: 'absent' };
    case 'related':
      return { ...now, relations: { ...before.relations, [relationKey(fact.data)]: fact.data } };
    case 'unrelated': {
      const { [relationKey(fact.data)]: _, ...relations } = before.relations;
      return { ...now, relations };
    }
  }
}

export function create(thing: Thing, { noun, data }: CreateThing, { object, needs }: Context<Needs>): ThingEvent[] {
  if (thing.status !== 'absent') throw new ThingExists({ noun, id: object.id });
  checkNoun(noun);
  checkData(data, needs);
  return [{ type: `${noun}.created`, data: { data } }];
}

export function act(thing: Thing, command: ActOnThing, { needs }: Context<Needs>): ThingEvent[] {
  const { noun, verb, data, set } = command;
  if (isLifecycleVerb(verb)) throw new ReservedVerb(verb);
  checkNoun(noun);
  const before = thing.status === 'absent' && command.create ? {} : present(thing, command).data;
  if (!set && thing.status !== 'absent') return [{ type: `${noun}.${verb}`, data: { data, set } }];
  const after = mergePatch(before, set ?? {});
  checkData(after, needs);
  return [{ type: `${noun}.${verb}`, data: { data, set: set && wholePersonal(needs.noun, set, after) } }];
}

export function update(thing: Thing, command: UpdateThing, { needs }: Context<Needs>): ThingEvent[] {
  const before = present(thing, command).data;
  const data = mergePatch(before, command.patch);
  if (isDeepStrictEqual(before, data)) return [];
  checkData(data, needs);
  return [{ type: `${command.noun}.updated`, data: { patch: wholePersonal(needs.noun, command.patch, data) } }];
}

export function replace(thing: Thing, command: ReplaceThing, { needs }: Context<Needs>): ThingEvent[] {
  if (isDeepStrictEqual(present(thing, command).data, command.data)) return [];
  checkData(command.data, needs);
  return [{ type: `${command.noun}.replaced`, data: { data: command.data } }];
}

export function softDelete(thing: Thing, command: SoftDeleteThing): ThingEvent[] {
  if (living(thing, command).status === 'soft-deleted') return [];
  return [{ type: `${command.noun}.softDeleted`, data: {} }];
}

export function restore(thing: Thing, command: RestoreThing): ThingEvent[] {
  if (living(thing, command).status === 'present') return [];
  return [{ type: `${command.noun}.restored`, data: {} }];
}

/** Its relations end first, so that whoever follows them sees each end as a fact. */
export function remove(thing: Thing, command: DeleteThing): ThingEvent[] {
  const ends = Object.values(living(thing, command).relations).map(({ relationship, to }): ThingEvent => {
    return { type: `${command.noun}.unrelated`, data: { relationship, to } };
  });
  return [...ends, { type: `${command.noun}.deleted`, data: {} }];
}

export function relate(thing: Thing, command: RelateThing, { needs }: Context<Needs>): ThingEvent[] {
  const { noun, relationship, data } = command;
  const to = { noun: command.toNoun, id: command.toId };
  const { relations } = present(thing, command);
  const known = relations[relationKey({ relationship, to })];
  if (known && isDeepStrictEqual(known.data, data)) return [];
  if (needs.target?.status !== 'present') throw new RelatedThingNotFound(to);
  if (Object.keys(relations).length >= MAX_RELATIONS) throw new TooManyRelations(MAX_RELATIONS);
  return [{ type: `${noun}.related`, data: { relationship, to, data } }];
}

export function unrelate(thing: Thing, command: UnrelateThing): ThingEvent[] {
  const { noun, relationship } = command;
  const to = { noun: command.toNoun, id: command.toId };
  if (!(relationKey({ relationship, to }) in present(thing, command).relations)) return [];
  return [{ type: `${noun}.unrelated`, data: { relationship, to } }];
}

/** Any type that Perdure does not use itself is a noun of the user's; so `thing` stands for all of them. */
export const thing = objectType<Thing, ThingEvent>('thing', { status: 'absent' }, evolve, { open: true })
  .addressedBy(({ noun, id }: ThingCommand) => ({ type: noun, id }))
  .needing<Needs, ThingCommand>((command) => ({
    noun: { type: 'noun', id: command.noun },
    ...(command instanceof RelateThing && { target: targetOf(command) }),
  }))
  .personal(personalOf)
  .on(CreateThing, create)
  .on(ActOnThing, act)
  .on(UpdateThing, update)
  .on(ReplaceThing, replace)
  .on(SoftDeleteThing, softDelete)
  .on(RestoreThing, restore)
  .on(DeleteThing, remove)
  .on(RelateThing, relate)
  .on(UnrelateThing, unrelate);

/** The same relation has the same key. Names and nouns are identifiers, so the parts cannot run together. */
export function relationKey({ relationship, to }: Pick<Relation, 'relationship' | 'to'>): string {
  return `${relationship} ${to.noun} ${to.id}`;
}

function targetOf({ toNoun, toId }: RelateThing): ObjectRef {
  return { type: toNoun, id: toId };
}

function living(thing: Thing, command: ThingCommand): LivingThing {
  if (thing.status === 'absent') throw new ThingNotFound({ noun: command.noun, id: command.id! });
  return thing;
}

function present(thing: Thing, command: ThingCommand): LivingThing {
  const found = living(thing, command);
  if (found.status === 'soft-deleted') throw new ThingSoftDeleted({ noun: command.noun, id: command.id! });
  return found;
}

function checkNoun(noun: string): void {
  if (RESERVED_NOUNS.has(noun)) throw new ReservedNoun(noun);
}

/** Names with `$` are Perdure's own (`$id`, `$type`, …). A thing has a limit, or patch after patch would fill the memory. */
function checkData(data: JsonObject, { noun }: Needs): void {
  const size = JSON.stringify(data).length;
  if (size > MAX_THING_SIZE) throw new ThingTooLarge(size, MAX_THING_SIZE);
  const own = Object.keys(data).filter((key) => key.startsWith('$'));
  if (own.length > 0) {
    throw new InvalidThing(
      own.map((key) => ({ pointer: `/${key}`, detail: `names with '$' are Perdure's own; use another than '${key}'` })),
    );
  }
  if (noun.status === 'defined') checkSchema(noun.schema, data);
}
