import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { logContext } from './log-context.js';
import { Metrics } from './metrics.js';

/** Measures every request by its route, and at level debug logs it. Must come before the routes. */
export function observeRequests(app: NestFastifyApplication): void {
  const metrics = app.get(Metrics);
  const fastify = app.getHttpAdapter().getInstance();
  const logs = fastify.log.level === 'debug' || fastify.log.level === 'trace';

  const observe = (route: string, request: FastifyRequest, reply: FastifyReply): void => {
    metrics.observeRequest(request.method, route, reply.statusCode, reply.elapsedTime / 1_000);
    if (logs)
      request.log.debug({ ...logContext(request), status: reply.statusCode, ms: reply.elapsedTime }, 'answered');
  };
  // A hook of each route's own knows its route; to ask the request for it costs more than to measure it.
  fastify.addHook('onRoute', (route) => {
    route.onResponse = [
      ...[route.onResponse ?? []].flat(),
      (request: FastifyRequest, reply: FastifyReply, done: () => void) => {
        observe(route.url, request, reply);
        done();
      },
    ];
  });
  fastify.addHook('onResponse', (request, reply, done) => {
    if (request.is404) observe('unmatched', request, reply);
    done();
  });
}
