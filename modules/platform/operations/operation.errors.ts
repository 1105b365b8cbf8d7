import { DomainError } from '#kernel/errors';
import { defineProblems } from '../http/problem-catalogue.js';

export class OperationNotFound extends DomainError {
  constructor(id: string) {
    super('not-found', 'operation-not-found', `There is no operation '${id}'. List them with GET /api/v1/operations.`);
  }
}

/** It has ended, so that it cannot be cancelled. */
export class OperationEnded extends DomainError {
  constructor(id: string, state: string) {
    super('conflict', 'operation-ended', `The operation '${id}' is ${state}: there is nothing left to cancel.`);
  }
}

/** Only what was cancelled or has failed can go on. */
export class OperationNotStopped extends DomainError {
  constructor(id: string, state: string) {
    super(
      'conflict',
      'operation-not-stopped',
      `The operation '${id}' is ${state}. Only one that was cancelled or has failed can be resumed.`,
    );
  }
}

defineProblems({
  'operation-not-found': {
    kind: 'not-found',
    title: 'There is no such operation',
    cure: 'List them with GET /api/v1/operations.',
  },
  'operation-ended': {
    kind: 'conflict',
    title: 'The operation has ended',
    cure: 'Look at its result with GET /api/v1/operations/{id}.',
  },
  'operation-not-stopped': {
    kind: 'conflict',
    title: 'The operation goes on, or is done',
    cure: 'Resume one that was cancelled or has failed, or ask for new work.',
  },
});
