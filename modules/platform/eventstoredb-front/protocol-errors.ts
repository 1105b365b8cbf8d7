import { Metadata, type ServerErrorResponse, status, type StatusObject } from '@grpc/grpc-js';
import { DomainError } from '#kernel/errors';
import { EventTooLarge, StreamDeleted, WrongExpectedRevision } from '#platform/event-store/event-store.errors';
import type { ExpectedRevision } from '#platform/event-store/event-store.port';

/** What clients learn beside the status: `exception` says which of their error types it is, the rest are its fields. */
type Details = Readonly<Record<string, string | number>>;

/** An error in the protocol's own terms. */
export class ProtocolError extends Error {
  constructor(
    readonly code: status,
    message: string,
    readonly details: Details = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** The request cannot be understood; the same one will never work. */
export class InvalidRequest extends ProtocolError {
  constructor(message: string, options?: ErrorOptions) {
    super(status.INVALID_ARGUMENT, message, {}, options);
  }
}

export class RequiredPropertyMissing extends ProtocolError {
  constructor(property: string) {
    super(status.INVALID_ARGUMENT, `An event has no '${property}' among its metadata. Set it on every event.`, {
      exception: 'missing-required-metadata-property',
      'required-metadata-properties': 'type,content-type',
    });
  }
}

export class AppendTooLarge extends ProtocolError {
  constructor(
    readonly limit: number,
    message = `The append has more than ${limit} bytes. Divide its events among several appends.`,
    options?: ErrorOptions,
  ) {
    const details = { exception: 'maximum-append-size-exceeded', 'maximum-append-size': limit };
    super(status.INVALID_ARGUMENT, message, details, options);
  }
}

export class AccessDenied extends ProtocolError {
  constructor(message: string) {
    super(status.PERMISSION_DENIED, message, { exception: 'access-denied' });
  }
}

export class Unauthenticated extends ProtocolError {
  constructor(message: string) {
    super(status.UNAUTHENTICATED, message);
  }
}

export class DeadlineExceeded extends ProtocolError {
  constructor() {
    super(status.DEADLINE_EXCEEDED, 'The deadline passed before the request was begun. Nothing was done.');
  }
}

/** Clients connect anew and go on. */
export class FrontClosing extends ProtocolError {
  constructor() {
    super(status.UNAVAILABLE, 'The event store is closing. Connect again and go on from where you are.');
  }
}

/** Any error in the protocol's terms. */
export function protocolError(error: unknown): ProtocolError {
  if (error instanceof ProtocolError) return error;
  if (error instanceof WrongExpectedRevision) return wrongExpectedVersion(error);
  if (error instanceof StreamDeleted) {
    const details = { exception: 'stream-deleted', 'stream-name': error.stream };
    return new ProtocolError(status.FAILED_PRECONDITION, error.message, details, { cause: error });
  }
  if (error instanceof DomainError) {
    return new ProtocolError(CODES[error.kind] ?? status.UNKNOWN, wordsOf(error), detailsOf(error), { cause: error });
  }
  const { message = String(error) } = error as Partial<Error>;
  return new ProtocolError(status.UNKNOWN, message, {}, { cause: error });
}

/** The error as gRPC sends it. */
export function errorResponse(
  error: unknown,
): ServerErrorResponse & Pick<StatusObject, 'code' | 'details' | 'metadata'> {
  const { code, message, details, stack } = protocolError(error);
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(details)) metadata.set(name, headerText(String(value)));
  return { name: 'ProtocolError', code, details: message, message, metadata, ...(stack && { stack }) };
}

/** The number by which EventStoreDB knows an expectation. */
export function expectedVersion(expected: ExpectedRevision): number {
  if (typeof expected === 'number') return expected;
  return { none: -1, any: -2, exists: -4 }[expected];
}

function wrongExpectedVersion(error: WrongExpectedRevision): ProtocolError {
  const { stream, expected, actual } = error;
  return new ProtocolError(
    status.FAILED_PRECONDITION,
    error.message,
    {
      exception: 'wrong-expected-version',
      'stream-name': stream,
      'expected-version': expectedVersion(expected),
      // Its absence means that there is no stream.
      ...(actual >= 0 && { 'actual-version': actual }),
    },
    { cause: error },
  );
}

const CODES: Partial<Record<DomainError['kind'], status>> = {
  invalid: status.INVALID_ARGUMENT,
  unprocessable: status.INVALID_ARGUMENT,
  'too-large': status.INVALID_ARGUMENT,
  unauthenticated: status.UNAUTHENTICATED,
  forbidden: status.PERMISSION_DENIED,
  'not-found': status.NOT_FOUND,
  conflict: status.FAILED_PRECONDITION,
  unavailable: status.UNAVAILABLE,
  'rate-limited': status.UNAVAILABLE,
};

function detailsOf(error: DomainError): Details {
  if (error.kind === 'forbidden') return { exception: 'access-denied' };
  if (error instanceof EventTooLarge) {
    return { exception: 'maximum-append-size-exceeded', 'maximum-append-size': error.limit };
  }
  return {};
}

function wordsOf({ message, violations }: DomainError): string {
  return [message, ...violations.map(({ pointer, detail }) => `${pointer}: ${detail}`)].join(' ');
}

/** Headers hold printable ASCII; other names are percent-encoded. */
function headerText(text: string): string {
  return /^[ -~]*$/.test(text) ? text : encodeURIComponent(text);
}
