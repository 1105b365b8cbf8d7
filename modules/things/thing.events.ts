import type { EventOf } from '#kernel/event';
import type { JsonObject } from '#kernel/json';

/** Names a thing: a kind and an id within it. */
export interface ThingRef {
  readonly noun: string;
  readonly id: string;
}

/** What can happen to any thing, by the verb that follows its noun in the event's type: `Customer.created`. */
interface LifecycleFacts {
  created: { readonly data: JsonObject };
  /** A merge patch (RFC 7396). */
  updated: { readonly patch: JsonObject };
  replaced: { readonly data: JsonObject };
  softDeleted: object;
  restored: object;
  deleted: object;
  related: { readonly relationship: string; readonly to: ThingRef; readonly data?: JsonObject };
  unrelated: { readonly relationship: string; readonly to: ThingRef };
}

/** What happened by a verb of the user's: what belongs to the event, and a merge patch of the thing itself. */
export interface Deed {
  readonly data?: JsonObject;
  readonly set?: JsonObject;
}

type LifecycleEvent = {
  [Verb in keyof LifecycleFacts]: EventOf<`${string}.${Verb}`, LifecycleFacts[Verb]>;
}[keyof LifecycleFacts];

export type ThingEvent = LifecycleEvent | EventOf<`${string}.${string}`, Deed>;

/** A thing's event with its verb apart, so that a switch over `verb` knows the data; `acted` is any verb of the user's. */
export type ThingFact =
  | {
      [Verb in keyof LifecycleFacts]: { readonly verb: Verb; readonly data: LifecycleFacts[Verb] };
    }[keyof LifecycleFacts]
  | { readonly verb: 'acted'; readonly name: string; readonly data: Deed };

const LIFECYCLE_VERBS: Record<keyof LifecycleFacts, true> = {
  created: true,
  updated: true,
  replaced: true,
  softDeleted: true,
  restored: true,
  deleted: true,
  related: true,
  unrelated: true,
};

/** Whether the verb is one of Perdure's own, with a meaning for every thing. */
export function isLifecycleVerb(verb: string): verb is keyof LifecycleFacts {
  return Object.hasOwn(LIFECYCLE_VERBS, verb);
}

/** Reads a thing's event: the noun is an identifier, so the first dot ends it. */
export function factOf(event: EventOf<string, object>): ThingFact {
  const verb = event.type.slice(event.type.indexOf('.') + 1);
  return (
    isLifecycleVerb(verb) ? { verb, data: event.data } : { verb: 'acted', name: verb, data: event.data }
  ) as ThingFact;
}

/** Types that are or will be Perdure's own, so no noun of the user's. The boot checks that every declared type is here. */
export const RESERVED_NOUNS: ReadonlySet<string> = new Set(
  (
    'agent apikey audit automation decision document flag job metric noun notification object operation project projection ' +
    'saga schedule schema service session subject subscription system task tenant thing user webhook workflow'
  ).split(' '),
);

/** The thing whose stream this is, with its category `<tenant>.<noun>`; null for an object of Perdure's own. */
export function thingOfStream(stream: string): (ThingRef & { readonly category: string }) | null {
  const dash = stream.indexOf('-');
  const category = stream.slice(0, dash);
  const noun = category.slice(category.indexOf('.') + 1);
  return RESERVED_NOUNS.has(noun) ? null : { category, noun, id: stream.slice(dash + 1) };
}
