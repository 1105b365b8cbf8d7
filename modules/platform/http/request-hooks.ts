import { NotFoundException } from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Config } from '#platform/config/config';
import { HttpFault } from './http-fault.js';
import { RateLimiter } from './rate-limiter.js';
import { traceparent } from './request-headers.js';

/** What OWASP's REST security sheet asks of an API that answers no pages. `/reference` has a policy of its own. */
const CONTENT_POLICY = "default-src 'none'; frame-ancestors 'none'";

/** Every answer of every route: trace context, request id, security headers, quota. */
export function addRequestHooks(fastify: FastifyInstance, { rateLimit }: Config): void {
  const limit = rateLimit === 'off' ? undefined : limitRate(rateLimit.requests, rateLimit.seconds);
  fastify.addHook('onRequest', (request, reply, done) => {
    const { headers } = request;
    reply.header('x-content-type-options', 'nosniff').header('content-security-policy', CONTENT_POLICY);
    // Every header costs each request about a microsecond: who sent no id finds ours where it is needed, in a problem.
    if (headers['x-request-id'] === request.id) reply.header('x-request-id', request.id);
    const trace = traceparent(headers['traceparent'] as string | undefined);
    if (trace !== undefined) reply.header('traceparent', trace);
    // Where there is no route, its body is not worth reading: straight to the 404 or 405.
    done(limit?.(request, reply) ?? (request.is404 ? new NotFoundException() : undefined));
  });
}

/** RateLimit and RateLimit-Policy: draft-ietf-httpapi-ratelimit-headers-10. */
function limitRate(requests: number, seconds: number) {
  const limiter = new RateLimiter({ requests, seconds });
  const policy = `"default";q=${requests};w=${seconds}`;
  return (request: FastifyRequest, reply: FastifyReply): Error | undefined => {
    const { allowed, remaining, resetSeconds, retryAfterSeconds } = limiter.take(request.ip);
    reply.header('ratelimit-policy', policy).header('ratelimit', `"default";r=${remaining};t=${resetSeconds}`);
    if (allowed) return undefined;
    return new HttpFault(
      'rate-limited',
      `More than ${requests} requests in ${seconds} s from this address (PERDURE_RATE_LIMIT). Wait ${retryAfterSeconds} s.`,
      { 'retry-after': String(retryAfterSeconds) },
    );
  };
}

const VISIBLE = /^[\x21-\x7e]{1,100}$/;
const boot = Date.now().toString(36);
let count = 0;

/** The client's `X-Request-Id` where it is fit to be logged and sent back, otherwise one of our own. */
export function requestId({ headers }: { headers: Record<string, string | string[] | undefined> }): string {
  const given = headers['x-request-id'];
  return typeof given === 'string' && VISIBLE.test(given) ? given : `${boot}-${(++count).toString(36)}`;
}
