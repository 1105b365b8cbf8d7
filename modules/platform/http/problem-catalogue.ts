import { DomainError, type ErrorKind } from '#kernel/errors';

/** The one table from what went wrong to a status code. */
export const STATUS_OF_KIND: Readonly<Record<ErrorKind, number>> = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  'not-found': 404,
  conflict: 409,
  'precondition-failed': 412,
  'precondition-required': 428,
  'too-large': 413,
  unprocessable: 422,
  'rate-limited': 429,
  unavailable: 503,
};

/** A kind of problem: what it is called and what its receiver can do, whatever the occasion. */
export interface ProblemDefinition {
  /** The kind of its domain error; a bare status for what only HTTP knows. */
  readonly kind: ErrorKind | number;
  /** A short name in plain words, the same for every occurrence. */
  readonly title: string;
  /** What to do about it. */
  readonly cure: string;
}

/** A catalogue entry with everything that follows from it. */
export interface CataloguedProblem {
  readonly type: string;
  readonly code: string;
  readonly status: number;
  readonly title: string;
  readonly cure: string;
}

const catalogue = new Map<string, CataloguedProblem>();

/**
 * Adds kinds of problems to the catalogue that documentation and answers are made from. It stands beside the error classes
 * with these codes. Throws where a code is taken by another definition.
 *
 * @example
 * defineProblems({
 *   'task-not-found': { kind: 'not-found', title: 'No such task', cure: 'List the tasks with GET /api/v1/tasks.' },
 * });
 */
export function defineProblems(definitions: Readonly<Record<string, ProblemDefinition>>): void {
  for (const [code, { kind, title, cure }] of Object.entries(definitions)) {
    if (catalogue.has(code)) throw new Error(`The problem code '${code}' is defined twice. Rename one of the two.`);
    const status = typeof kind === 'number' ? kind : STATUS_OF_KIND[kind];
    catalogue.set(code, { type: `/problems/${code}`, code, status, title, cure });
  }
}

/**
 * A domain error with its entry in the catalogue: a class to extend, whose message is what happened, and the cure. The cure is that
 * of the entry unless the occasion has one of its own.
 *
 * @example
 * export class TaskNotFound extends problem('task-not-found', {
 *   kind: 'not-found',
 *   title: 'No such task',
 *   cure: 'List the tasks with GET /api/v1/tasks.',
 * }) {
 *   constructor(id: string) {
 *     super(`There is no task '${id}'.`);
 *   }
 * }
 */
export function problem(code: string, definition: ProblemDefinition & { readonly kind: ErrorKind }) {
  defineProblems({ [code]: definition });
  return class extends DomainError {
    constructor(happened: string, cure: string = definition.cure) {
      super(definition.kind, code, `${happened} ${cure}`);
    }
  };
}

/** The entry with this code, if there is one. */
export function findProblem(code: string): CataloguedProblem | undefined {
  return catalogue.get(code);
}

/** All entries, by code. */
export function allProblems(): CataloguedProblem[] {
  return [...catalogue.values()].sort((a, b) => (a.code < b.code ? -1 : 1));
}
