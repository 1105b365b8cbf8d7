import { DomainError } from '#kernel/errors';
import type { ObjectRef } from '#kernel/object-type';
import { defineProblems } from '#platform/http/problem-catalogue';

/** Nobody declared the type. */
export class ObjectTypeNotFound extends DomainError {
  constructor(type: string) {
    super('not-found', 'object-type-not-found', `There are no objects of type '${type}'. Name a type, or a noun.`);
  }
}

/** No event of the object can be seen. */
export class ObjectNotFound extends DomainError {
  constructor({ type, id }: ObjectRef) {
    super('not-found', 'object-not-found', `There never was a ${type} '${id}'. Look at the type and the id.`);
  }
}

/** The object has events, but at that moment it does not exist: it began later, or was deleted. */
export class ObjectAbsent extends DomainError {
  private constructor(ref: ObjectRef, detail: string) {
    super('not-found', 'object-absent', `${ref.type} '${ref.id}' ${detail}`);
  }

  /** Of the time that was asked for, its first event has one that is later, or it came later. */
  static notYet(ref: ObjectRef, first: { readonly revision: number; readonly time: string }): ObjectAbsent {
    return new ObjectAbsent(
      ref,
      `is not there yet at that time. It begins at ${first.time}, with revision ${first.revision}: ask for a later time.`,
    );
  }

  static hidden(ref: ObjectRef): ObjectAbsent {
    return new ObjectAbsent(ref, 'has no event that can be seen: its stream was deleted or truncated.');
  }

  static deleted(ref: ObjectRef, revision: number, time: string): ObjectAbsent {
    const before = revision > 0 ? ` Ask for revision=${revision - 1}, or look at its history.` : '';
    return new ObjectAbsent(ref, `does not exist then, since revision ${revision} of ${time}.${before}`);
  }
}

/** The object does not have so many events yet. */
export class RevisionNotReached extends DomainError {
  constructor({ type, id }: ObjectRef, revision: number, last: number) {
    super(
      'not-found',
      'revision-not-reached',
      `${type} '${id}' is at revision ${last}: there is no revision ${revision} of it yet. Ask for ${last} or less.`,
    );
  }
}

/** Nothing is known of this correlation. */
export class TraceNotFound extends DomainError {
  constructor(detail: string) {
    super('not-found', 'trace-not-found', detail);
  }

  static of(correlationId: string): TraceNotFound {
    return new TraceNotFound(
      `No event has the correlation id '${correlationId}'. Take it from an event's correlationId; what was just written follows within moments.`,
    );
  }
}

defineProblems({
  'object-type-not-found': {
    kind: 'not-found',
    title: 'There is no such type of objects',
    cure: 'Name a type, or a noun of your own.',
  },
  'object-not-found': { kind: 'not-found', title: 'There never was such an object', cure: 'Look at type and id.' },
  'object-absent': {
    kind: 'not-found',
    title: 'The object does not exist at that moment',
    cure: 'Ask for a moment at which it does; its history has them.',
  },
  'revision-not-reached': {
    kind: 'not-found',
    title: 'The object has no such revision yet',
    cure: 'Ask for a revision that it has, or leave revision out.',
  },
  'trace-not-found': {
    kind: 'not-found',
    title: 'Nothing is known of this correlation',
    cure: "Take the correlation id from an event's correlationId.",
  },
});
