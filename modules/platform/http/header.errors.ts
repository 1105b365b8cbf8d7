import { DomainError } from '#kernel/errors';

/** A header has another form than it must have. */
export class InvalidHeader extends DomainError {
  constructor(pointer: string, detail: string) {
    super('invalid', 'invalid-header', `The header '${pointer.slice(9)}' is not valid. ${detail}`, [
      { pointer, detail },
    ]);
  }
}

export function invalidHeader(name: string, detail: string): InvalidHeader {
  return new InvalidHeader(`/headers/${name}`, detail);
}

/** `If-Match` names a representation that no object ever has. */
export class PreconditionUnmet extends DomainError {
  constructor(tag: string) {
    super(
      'precondition-failed',
      'precondition-failed',
      `No object has the ETag ${tag}: ETags here are strong and name a revision, such as "7". Read the object again.`,
    );
  }
}
