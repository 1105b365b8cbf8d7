import { LogController, type FastifyRequest, type FastifyServerOptions } from 'fastify';
import type { Config } from '#platform/config/config';

/**
 * Log lines are JSON on standard output, written by Fastify's pino. A child logger for each request would cost every request for the
 * sake of the few that log anything: lines that belong to a request take {@link logContext} along instead.
 */
export function logOptions(level: Config['log']): FastifyServerOptions {
  return {
    logger: level === 'off' ? false : { level, redact: ['headers.authorization', 'headers.cookie'] },
    logController: new LogController({ disableRequestLogging: true }),
    childLoggerFactory: (logger) => logger,
  };
}

/** What a line about a request says of it. Headers stay out: they carry secrets. */
export function logContext(request: FastifyRequest): object {
  const { traceparent } = request.headers;
  return {
    requestId: request.id,
    method: request.method,
    route: request.routeOptions?.url,
    ...(traceparent !== undefined && { traceparent }),
  };
}
