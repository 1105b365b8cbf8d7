import { DomainError } from '#kernel/errors';
import { defineProblems } from '#platform/http/problem-catalogue';

export class SubjectNotFound extends DomainError {
  constructor(id: string) {
    super(
      'not-found',
      'subject-not-found',
      `Nothing personal was ever stored of a subject '${id}'. A thing without x-subject is a subject of its own, called <Noun>-<id>.`,
    );
  }
}

/** What only Perdure itself may record. */
export class ErasureNotYours extends DomainError {
  constructor() {
    super(
      'forbidden',
      'erasure-not-yours',
      'Only Perdure records that a subject was erased, when it is done. Ask for it with DELETE /api/v1/subjects/{id}.',
    );
  }
}

defineProblems({
  'subject-not-found': {
    kind: 'not-found',
    title: 'There is no such subject',
    cure: 'Look in the schema of the noun for whose its personal fields are.',
  },
  'erasure-not-yours': {
    kind: 'forbidden',
    title: 'Only Perdure records an erasure',
    cure: 'Ask for it with DELETE /api/v1/subjects/{id}.',
  },
});
