import { status } from '@grpc/grpc-js';
import { DomainError } from '#kernel/errors';
import { StoreUnavailable } from './event-store.errors.js';

/** All events of one append together are more than the server takes. */
export class AppendTooLarge extends DomainError {
  constructor(stream: string, limit: number) {
    super(
      'too-large',
      'append-too-large',
      `The append to '${stream}' has more than the ${limit} bytes that the server takes. Raise its MaxAppendSize (EVENTSTORE_MAX_APPEND_SIZE, KURRENTDB_MAX_APPEND_SIZE) or append less at once.`,
    );
  }
}

/** What was sent together did not arrive together. */
export class CopyOutOfOrder extends DomainError {
  constructor() {
    super(
      'conflict',
      'copy-out-of-order',
      'The server took some of the events later than those that follow them, so that their order is not that of the original. Copy into an empty store again.',
    );
  }
}

export interface Rejection {
  readonly message: string;
  /** Whether the user lacks the right. */
  readonly denied: boolean;
}

/** The server does not take the append, now or later. */
export class AppendRejected extends DomainError {
  constructor(server: string, { message, denied }: Rejection) {
    const cure = denied
      ? 'Give the user in PERDURE_EVENT_STORE the right to write there; Perdure needs an administrator.'
      : 'Look into its log for the reason.';
    super('unavailable', 'append-rejected', `The event store at ${server} refuses an append (${message}). ${cure}`);
  }
}

/** What the client throws: a gRPC status, or an error of its own with a `type`. */
interface Failure {
  readonly code?: number;
  readonly type?: string;
  readonly message: string;
  readonly metadata?: { getMap(): Record<string, unknown> };
}

/** EventStoreDB's name of what went wrong, such as `stream-deleted`. */
export function exceptionOf(error: unknown): string | undefined {
  const { type, metadata } = error as Failure;
  return type ?? metadata?.getMap()['exception']?.toString();
}

export function accessDenied(error: unknown): boolean {
  const { code } = ((error as Error).cause ?? error) as Failure;
  return code === status.PERMISSION_DENIED || code === status.UNAUTHENTICATED;
}

/** Errors of the domain, and those with a name of EventStoreDB's own, stay as they are; the rest is a server that cannot be had. */
export function unavailable(server: string, error: unknown): unknown {
  if (error instanceof DomainError || SETTLED.has(exceptionOf(error) ?? '')) return error;
  const { message } = error as Failure;
  const cure = accessDenied(error)
    ? 'It denies access: check the user and the password in PERDURE_EVENT_STORE.'
    : 'Look whether it runs and can be reached from here; everything goes on by itself when it is back.';
  const reason = message.replace(/\s+/g, ' ').slice(0, 200);
  return new StoreUnavailable(`The event store at ${server} does not answer (${reason}). ${cure}`, { cause: error });
}

/** Answers that another try does not change. */
const SETTLED = new Set([
  'stream-deleted',
  'wrong-expected-version',
  'stream-not-found',
  'maximum-append-size-exceeded',
]);
