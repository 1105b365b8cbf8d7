import { DomainError } from '#kernel/errors';

/** `If-Match` or `If-None-Match` does not hold. */
export class PreconditionFailed extends DomainError {
  constructor(expected: number | 'exists' | 'none', actual: number | undefined) {
    const found = actual === undefined ? 'it does not exist' : `it is at revision ${actual}`;
    const wanted =
      expected === 'none' ? 'not to exist' : expected === 'exists' ? 'to exist' : `to be at revision ${expected}`;
    super(
      'precondition-failed',
      'precondition-failed',
      `You asked for the object ${wanted}, but ${found}. Read it again and decide anew.`,
    );
  }
}

/** The key was used for another command before. */
export class IdempotencyKeyReused extends DomainError {
  constructor(key: string) {
    super(
      'unprocessable',
      'idempotency-key-reused',
      `The key '${key}' was used for another request. Use a new key for each new request, the same one only to repeat it unchanged.`,
    );
  }
}

/** The same key is being carried out at this moment. */
export class RequestInFlight extends DomainError {
  constructor(key: string) {
    super(
      'conflict',
      'request-in-flight',
      `A request with the key '${key}' is being carried out now. Repeat yours when that one is answered.`,
    );
  }
}

/** The object changes faster than this command can be decided. */
export class TooMuchContention extends DomainError {
  constructor(stream: string, attempts: number) {
    super(
      'unavailable',
      'too-much-contention',
      `'${stream}' was changed by others ${attempts} times while this command was decided. Try again in a moment.`,
    );
  }
}

/** A type name of the user's that is one of the platform's own. */
export class ReservedType extends DomainError {
  constructor(type: string) {
    super(
      'unprocessable',
      'reserved-type',
      `'${type}' is a type of Perdure's own. Choose another name, such as '${type}_' or '${type[0]?.toUpperCase()}${type.slice(1)}'.`,
    );
  }
}
