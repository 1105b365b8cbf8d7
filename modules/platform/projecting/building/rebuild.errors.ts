import { DomainError } from '#kernel/errors';
import { defineProblems } from '#platform/http/problem-catalogue';

export class ProjectionNotFound extends DomainError {
  constructor(name: string) {
    super(
      'not-found',
      'projection-not-found',
      `There is no projection '${name}'. List them with GET /api/v1/projections.`,
    );
  }
}

/** An upgrade has removed projections whose rebuild was not done. */
export class ProjectionsRemoved extends DomainError {
  constructor(gone: readonly string[], left: readonly string[]) {
    const names = gone.map((name) => `'${name}'`).join(', ');
    super(
      'not-found',
      'projection-not-found',
      left.length === 0
        ? `This version of the program has no projection ${names} any more: there is nothing left to build.`
        : `This version of the program has no projection ${names} any more: ask for a new rebuild without it, ` +
            `perdure projections rebuild ${left.join(' ')}`,
    );
  }
}

/** One build of a read model at a time. */
export class RebuildRunning extends DomainError {
  constructor(name: string, operation: string) {
    super(
      'conflict',
      'rebuild-running',
      `'${name}' is being built anew already: follow GET /api/v1/operations/${operation}, or cancel it first.`,
    );
  }
}

/** During a change of version, the worker of another one must do it. */
export class OtherVersionNeeded extends DomainError {
  constructor(name: string, version: number) {
    super(
      'unavailable',
      'other-version-needed',
      `The rebuild of '${name}' waits for a worker that has its version ${version}: start one, or end those that do not have it.`,
    );
  }
}

defineProblems({
  'projection-not-found': {
    kind: 'not-found',
    title: 'There is no such projection',
    cure: 'List them with GET /api/v1/projections.',
  },
  'rebuild-running': {
    kind: 'conflict',
    title: 'The read model is being built anew already',
    cure: 'Wait for the operation that detail names, or cancel it first.',
  },
  'other-version-needed': {
    kind: 'unavailable',
    title: 'A worker of another version must do it',
    cure: 'Start a worker of the version that detail names.',
  },
});
