import { DomainError } from '#kernel/errors';
import { HttpFault } from '#platform/http/http-fault';
import { defineProblems } from '#platform/http/problem-catalogue';

defineProblems({
  'graphql-malformed': {
    kind: 'invalid',
    title: 'The request is not GraphQL over HTTP',
    cure: 'Send {"query": "…", "variables": {…}} as JSON, one operation at a time.',
  },
  'graphql-invalid': {
    kind: 'invalid',
    title: 'The document cannot be read or does not fit the schema',
    cure: 'Correct the place that locations points at; the schema is at /schema.graphql.',
  },
  'graphql-too-long': {
    kind: 'invalid',
    title: 'The document has too many tokens',
    cure: 'Split the document, or raise PERDURE_GRAPHQL_MAX_TOKENS.',
  },
  'graphql-too-deep': {
    kind: 'invalid',
    title: 'The operation nests too deeply',
    cure: 'Ask for the inner part in an operation of its own, or raise PERDURE_GRAPHQL_MAX_DEPTH.',
  },
  'graphql-too-many-aliases': {
    kind: 'invalid',
    title: 'The operation has too many aliases',
    cure: 'Split the operation, or raise PERDURE_GRAPHQL_MAX_ALIASES.',
  },
  'graphql-too-costly': {
    kind: 'invalid',
    title: 'The operation asks for too much at once',
    cure: 'Ask for smaller pages or fewer fields, or raise PERDURE_GRAPHQL_MAX_COST.',
  },
  'graphql-no-introspection': {
    kind: 'forbidden',
    title: 'The schema may not be asked for',
    cure: 'Read docs/schema.graphql, or set PERDURE_GRAPHQL_INTROSPECTION=on.',
  },
  'graphql-wrong-transport': {
    kind: 405,
    title: 'The kind of operation does not fit the way it came',
    cure: 'Send queries by GET or POST, mutations by POST, and subscriptions over a WebSocket.',
  },
  'graphql-not-acceptable': {
    kind: 406,
    title: 'The client accepts nothing that GraphQL answers with',
    cure: 'Accept application/graphql-response+json or application/json.',
  },
  'too-many-subscriptions': {
    kind: 'rate-limited',
    title: 'The socket has too many subscriptions',
    cure: 'Complete one first, or raise PERDURE_GRAPHQL_MAX_SUBSCRIPTIONS.',
  },
  'too-many-sockets': {
    kind: 'unavailable',
    title: 'Too many sockets are open',
    cure: 'Try again later, or raise PERDURE_GRAPHQL_MAX_SOCKETS.',
  },
  'origin-not-allowed': {
    kind: 'forbidden',
    title: 'Pages of this origin may not open sockets here',
    cure: 'Add the origin to ALLOWED_ORIGINS.',
  },
});

/** The document is over a limit, or cannot be read. */
export class DocumentRefused extends DomainError {
  constructor(code: string, message: string) {
    super('invalid', code, message);
  }
}

export class TooManySubscriptions extends DomainError {
  constructor(limit: number) {
    super(
      'rate-limited',
      'too-many-subscriptions',
      `This socket has ${limit} subscriptions, as many as it may (PERDURE_GRAPHQL_MAX_SUBSCRIPTIONS). Complete one first.`,
    );
  }
}

/** The operation came in a way that its kind cannot come. */
export function wrongTransport(detail: string): HttpFault {
  return new HttpFault('graphql-wrong-transport', detail);
}
