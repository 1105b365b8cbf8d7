import type { JsonObject } from './json.js';

/**
 * What went wrong, in the terms of every transport. The edge turns the kind into a status code, in one table.
 * `unavailable` and `rate-limited` are mended by a retry, the others are not.
 */
export type ErrorKind =
  | 'invalid'
  | 'unauthenticated'
  | 'forbidden'
  | 'not-found'
  | 'conflict'
  | 'precondition-failed'
  | 'precondition-required'
  | 'too-large'
  | 'unprocessable'
  | 'rate-limited'
  | 'unavailable';

/** One thing wrong with the input. */
export interface Violation {
  /** JSON pointer (RFC 6901) into the body; `/query/limit` and `/headers/if-match` for what is outside it. */
  readonly pointer: string;
  /** What to do about it, in plain words. */
  readonly detail: string;
}

/**
 * An error that a user can do something about. Its code is stable, its message says what to do next.
 *
 * @example
 * export class TaskNotFound extends DomainError {
 *   constructor(id: string) {
 *     super('not-found', 'task-not-found', `There is no task '${id}'. List them with GET /api/v1/tasks.`);
 *   }
 * }
 */
export class DomainError extends Error {
  constructor(
    readonly kind: ErrorKind,
    readonly code: string,
    message: string,
    readonly violations: readonly Violation[] = [],
  ) {
    super(message);
    this.name = new.target.name;
  }

  /** Whether the same request may succeed later, unchanged. */
  get retryable(): boolean {
    return this.kind === 'unavailable' || this.kind === 'rate-limited';
  }

  /** Seconds after which that is worth a try, where the error knows. */
  get retryAfter(): number | undefined {
    return undefined;
  }

  /** What the problem tells programs beside its words: extension members of RFC 9457. */
  get members(): JsonObject {
    return {};
  }
}

/** The input has another form than it must have. */
export class InvalidInput extends DomainError {
  constructor(violations: readonly Violation[], message = 'The input is not valid; see errors for what to change.') {
    super('invalid', 'invalid-input', message, violations);
  }
}
