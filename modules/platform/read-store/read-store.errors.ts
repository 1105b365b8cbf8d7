import { DomainError } from '#kernel/errors';

/** The filter has an operator, a depth or a length that is not allowed. */
export class InvalidWhereClause extends DomainError {
  constructor(detail: string, pointer = '/where') {
    super('invalid', 'invalid-where-clause', detail, [{ pointer, detail }]);
  }
}

/** The cursor belongs to another query, or to none. */
export class InvalidCursor extends DomainError {
  constructor() {
    const detail =
      'This cursor does not belong to this query. Take it from the Link header of the page before, unchanged, with the same filter and sort.';
    super('invalid', 'invalid-cursor', detail, [{ pointer: '/query/cursor', detail }]);
  }
}

/** Another process moved the projection on. Read the checkpoint again and go on from there. */
export class CheckpointMoved extends DomainError {
  constructor(projection: string) {
    super('conflict', 'checkpoint-moved', `Projection '${projection}' was moved on by another runner.`);
  }
}

/** Another owner took the projection over. Whoever is told this must stop writing. */
export class LeaseLost extends DomainError {
  constructor(name: string, token: number) {
    super(
      'conflict',
      'lease-lost',
      `The lease of '${name}' with token ${token} is lost: another process goes on with it.`,
    );
  }
}

/** The collection was not defined in this store. */
export class CollectionNotDefined extends DomainError {
  constructor(collection: string) {
    super(
      'not-found',
      'collection-not-defined',
      `There is no collection '${collection}' yet. Call define with its read model.`,
    );
  }
}

/** The server does not answer now. The same request may succeed later. */
export class ReadStoreUnavailable extends DomainError {
  constructor(message: string, options?: ErrorOptions) {
    super('unavailable', 'store-unavailable', message);
    this.cause = options?.cause;
  }
}

/** The document is larger or deeper than the store can take. */
export class DocumentNotStorable extends DomainError {
  constructor(message: string) {
    super('too-large', 'document-not-storable', message);
  }
}
