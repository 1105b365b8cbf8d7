import { DomainError } from '#kernel/errors';

/** The store file cannot be used as it is. It was left untouched. The message names the cure. */
export class StoreUnusable extends DomainError {
  constructor(code: string, message: string, options?: ErrorOptions) {
    super('unavailable', code, message);
    this.cause = options?.cause;
  }
}

/** The store cannot take this write now; nothing of it was kept. */
export class WriteRefused extends DomainError {
  constructor(message: string, options?: ErrorOptions) {
    super('unavailable', 'store-unavailable', message);
    this.cause = options?.cause;
  }
}
