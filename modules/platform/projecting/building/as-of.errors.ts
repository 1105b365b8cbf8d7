import { DomainError } from '#kernel/errors';
import { defineProblems } from '#platform/http/problem-catalogue';

export class ReadModelNotFound extends DomainError {
  constructor(name: string) {
    super(
      'not-found',
      'read-model-not-found',
      `There is no read model '${name}'. GET /api/v1/projections names those of the projections.`,
    );
  }
}

export class CopyNotFound extends DomainError {
  constructor(readModel: string, operation: string) {
    super(
      'not-found',
      'copy-not-found',
      `There is no copy '${operation}' of '${readModel}', or it has expired: ask for one with POST /api/v1/read-models/${readModel}/as-of.`,
    );
  }
}

export class CopyNotReady extends DomainError {
  constructor(operation: string) {
    super(
      'conflict',
      'copy-not-ready',
      `The copy is being made: follow GET /api/v1/operations/${operation}, and ask again when that is done.`,
    );
  }
}

export class TooManyCopies extends DomainError {
  constructor(most: number) {
    super(
      'conflict',
      'too-many-copies',
      `There are ${most} copies of read models already: wait until one has expired, or ask for shorter ones.`,
    );
  }
}

defineProblems({
  'read-model-not-found': {
    kind: 'not-found',
    title: 'There is no such read model',
    cure: 'Take the name from GET /api/v1/projections.',
  },
  'copy-not-found': {
    kind: 'not-found',
    title: 'There is no such copy of the read model, or no longer',
    cure: 'Ask for one with POST /api/v1/read-models/{name}/as-of.',
  },
  'copy-not-ready': {
    kind: 'conflict',
    title: 'The copy of the read model is being made',
    cure: 'Ask again when its operation is done.',
  },
  'too-many-copies': {
    kind: 'conflict',
    title: 'There are too many copies of read models',
    cure: 'Wait until one has expired.',
  },
});
