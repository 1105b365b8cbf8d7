import type { FastifyRequest } from 'fastify';
import type { Envelope } from '#platform/dispatch/envelope';
import { callerOf } from './caller.js';
import { checkIfNoneMatch, revisionOfIfMatch } from './entity-tag.js';
import { PreconditionUnmet } from './header.errors.js';
import { correlationId, idempotencyKey, occurredAt, reason, traceparent } from './request-headers.js';
import { requestParameter } from './request-parameter.js';

/** What the headers of a request say about its command. Throws InvalidHeader, PreconditionUnmet. */
export function envelopeOf(request: FastifyRequest): Envelope {
  const { headers } = request;
  const { tenant, actor } = callerOf(request);
  return {
    tenant,
    actor,
    idempotencyKey: read(headers['idempotency-key'], idempotencyKey),
    correlationId: read(headers['correlation-id'], correlationId),
    traceparent: traceparent(headers['traceparent'] as string | undefined),
    reason: read(headers['perdure-reason'], reason),
    occurredAt: read(headers['perdure-occurred-at'], occurredAt),
    // Last: a malformed header is told before an unmet one.
    expected: expected(headers['if-match'], headers['if-none-match']),
  };
}

/** The same as a parameter of a controller's method, for one that makes its command itself. */
export const Enveloped = (): ParameterDecorator => requestParameter(envelopeOf);

/** Node joins repeated headers with commas: no header of ours comes as a list. */
function read(header: string | string[] | undefined, parse: (header: string) => string): string | undefined {
  return header === undefined ? undefined : parse(header as string);
}

function expected(ifMatch: string | undefined, ifNoneMatch: string | undefined): Envelope['expected'] {
  if (ifMatch === undefined) return ifNoneMatch === undefined ? undefined : checkIfNoneMatch(ifNoneMatch);
  const revision = revisionOfIfMatch(ifMatch);
  // RFC 9110, section 13.2.2, asks for both; nothing exists and does not exist.
  if (ifNoneMatch !== undefined) throw new PreconditionUnmet(`${ifMatch} and does not exist`);
  return revision;
}
