import { DomainError, type Violation } from '#kernel/errors';
import { defineProblems } from '#platform/http/problem-catalogue';
import type { ThingRef } from './thing.events.js';

export class ThingNotFound extends DomainError {
  constructor({ noun, id }: ThingRef) {
    super(
      'not-found',
      'thing-not-found',
      `There is no ${noun} '${id}'. List what there is with GET /api/v1/things/${noun}.`,
    );
  }
}

/** No thing of the noun fits the question. */
export class NothingMatches extends DomainError {
  constructor(noun: string) {
    super('not-found', 'thing-not-found', `No ${noun} matches. Ask for less with where, or look at all of them.`);
  }
}

/** The thing does not have so many events yet. */
export class RevisionNotFound extends DomainError {
  constructor({ noun, id }: ThingRef, revision: number, last: number) {
    const has = last < 0 ? 'has no event at all' : `is at revision ${last}`;
    super('not-found', 'revision-not-found', `${noun} '${id}' ${has}: there is no revision ${revision} of it yet.`);
  }
}

export class ThingExists extends DomainError {
  constructor({ noun, id }: ThingRef) {
    super(
      'conflict',
      'thing-exists',
      `There is a ${noun} '${id}' already. Change it with PATCH, or create one with another $id.`,
    );
  }
}

/** The thing is soft-deleted: it can be restored or deleted, nothing else. */
export class ThingSoftDeleted extends DomainError {
  constructor({ noun, id }: ThingRef) {
    super(
      'conflict',
      'thing-soft-deleted',
      `${noun} '${id}' is soft-deleted. Restore it first with POST /api/v1/things/${noun}/${id}/restore.`,
    );
  }
}

export class ThingTooLarge extends DomainError {
  constructor(size: number, limit: number) {
    super(
      'too-large',
      'thing-too-large',
      `The thing would have ${size} characters of JSON; the limit is ${limit}. Split it into several that are related.`,
    );
  }
}

export class TooManyRelations extends DomainError {
  constructor(limit: number) {
    super(
      'unprocessable',
      'too-many-relations',
      `The thing has ${limit} relations, which is the limit. Let the relations start at the other things instead.`,
    );
  }
}

export class RelatedThingNotFound extends DomainError {
  constructor({ noun, id }: ThingRef) {
    super('unprocessable', 'related-thing-not-found', `There is no ${noun} '${id}' to relate to. Create it first.`);
  }
}

/** A question about a field whose values are sealed. */
export class PersonalFieldSealed extends DomainError {
  constructor(noun: string, path: string, pointer: string) {
    const detail = `'${path}' of ${noun} is personal: its values are sealed, and cannot be compared or sorted by.`;
    super('invalid', 'personal-field-sealed', `${detail} Ask by another field.`, [{ pointer, detail }]);
  }
}

/** A verb with a meaning of Perdure's own. */
export class ReservedVerb extends DomainError {
  constructor(verb: string) {
    super(
      'unprocessable',
      'reserved-verb',
      `'${verb}' is what Perdure itself records. Name the action otherwise; in an import: --rename '${verb}=…'.`,
    );
  }
}

/** The data of a thing has a form that it must not have. */
export class InvalidThing extends DomainError {
  constructor(violations: readonly Violation[]) {
    super('unprocessable', 'invalid-thing', 'The data does not fit; see errors for what to change.', violations);
  }
}

export class InvalidSchema extends DomainError {
  constructor(detail: string) {
    super('unprocessable', 'invalid-schema', `This is not a JSON Schema that can be used: ${detail}`, [
      { pointer: '/schema', detail },
    ]);
  }
}

export class NounNotFound extends DomainError {
  constructor(noun: string) {
    super(
      'not-found',
      'noun-not-found',
      `Nothing is known of the noun '${noun}'. It begins to exist with its first thing, or with PUT /api/v1/nouns/${noun}.`,
    );
  }
}

export class NounNotDefined extends DomainError {
  constructor(noun: string) {
    super(
      'not-found',
      'noun-not-found',
      `Nothing was agreed on for the noun '${noun}'. Define it with PUT /api/v1/nouns/${noun}.`,
    );
  }
}

/** A noun that is one of Perdure's own types. */
export class ReservedNoun extends DomainError {
  constructor(noun: string) {
    super(
      'unprocessable',
      'reserved-noun',
      `'${noun}' is a type of Perdure's own. Choose another noun, such as '${noun[0]!.toUpperCase()}${noun.slice(1)}'.`,
    );
  }
}

defineProblems({
  'thing-not-found': {
    kind: 'not-found',
    title: 'There is no such thing',
    cure: 'List what there is with GET /api/v1/things/{noun}.',
  },
  'revision-not-found': {
    kind: 'not-found',
    title: 'The thing has no such revision',
    cure: 'Look at its history for those that it has.',
  },
  'thing-exists': {
    kind: 'conflict',
    title: 'The thing exists already',
    cure: 'Change it with PATCH, or create one with another $id.',
  },
  'thing-soft-deleted': { kind: 'conflict', title: 'The thing is soft-deleted', cure: 'Restore it first.' },
  'thing-too-large': {
    kind: 'too-large',
    title: 'The thing would be too large',
    cure: 'Split it into several that are related.',
  },
  'too-many-relations': {
    kind: 'unprocessable',
    title: 'The thing has too many relations',
    cure: 'Let them start at the other things instead.',
  },
  'related-thing-not-found': {
    kind: 'unprocessable',
    title: 'The other thing does not exist',
    cure: 'Create it first.',
  },
  'personal-field-sealed': {
    kind: 'invalid',
    title: 'The field is personal, and its values are sealed',
    cure: 'Filter and sort by other fields.',
  },
  'reserved-verb': {
    kind: 'unprocessable',
    title: "The verb is one of Perdure's own",
    cure: 'Name the action otherwise.',
  },
  'reserved-noun': { kind: 'unprocessable', title: "The noun is one of Perdure's own", cure: 'Choose another noun.' },
  'invalid-thing': { kind: 'unprocessable', title: 'The data does not fit', cure: 'Change what errors points at.' },
  'invalid-schema': {
    kind: 'unprocessable',
    title: 'The schema cannot be used',
    cure: 'Send a JSON Schema of draft 2020-12 without references to elsewhere.',
  },
  'noun-not-found': {
    kind: 'not-found',
    title: 'The noun is not known',
    cure: 'List the nouns with GET /api/v1/nouns.',
  },
});
