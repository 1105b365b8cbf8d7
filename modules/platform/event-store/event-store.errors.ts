import { DomainError } from '#kernel/errors';
import type { ExpectedRevision } from './event-store.port.js';

/** Somebody else appended in between, or the stream is (not) there. Reload and decide again. */
export class WrongExpectedRevision extends DomainError {
  constructor(
    readonly stream: string,
    readonly expected: ExpectedRevision,
    /** Revision of the stream's last event, -1 where there is no visible stream. */
    readonly actual: number,
  ) {
    super(
      'conflict',
      'wrong-expected-revision',
      `Stream '${stream}' is at revision ${actual}, not at '${expected}'. Read it again and retry with the revision it has now.`,
    );
  }
}

/** The stream has a tombstone: nothing can be read from it or appended to it again. */
export class StreamDeleted extends DomainError {
  constructor(readonly stream: string) {
    super('conflict', 'stream-deleted', `Stream '${stream}' was deleted for ever. Use another id.`);
  }
}

export class EventTooLarge extends DomainError {
  constructor(
    type: string,
    bytes: number,
    readonly limit: number,
  ) {
    super(
      'too-large',
      'event-too-large',
      `Event '${type}' has ${bytes} bytes; the limit is ${limit} (PERDURE_MAX_EVENT_BYTES). Store large content elsewhere and keep a reference to it.`,
    );
  }
}

export class InvalidStreamName extends DomainError {
  constructor(name: string, cure: string) {
    super('invalid', 'invalid-stream-name', `'${name}' is not a stream name: ${cure}`);
  }
}

/** The store cannot answer now. A later retry may succeed; event ids make it harmless. */
export class StoreUnavailable extends DomainError {
  constructor(message: string, options?: ErrorOptions) {
    super('unavailable', 'store-unavailable', message);
    this.cause = options?.cause;
  }
}
