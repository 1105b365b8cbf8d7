import { Catch, NotFoundException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { logContext } from '#platform/observability/log-context';
import { HttpFault } from './http-fault.js';
import { pathOf, problemOf } from './problem.js';
import { RouteTable } from './route-table.js';

/** The one place where an error becomes an answer: every controller's, every hook's and Fastify's own. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly routes: RouteTable) {}

  catch(error: unknown, host: ArgumentsHost): void {
    // GraphQL answers with the errors of its fields itself.
    if (host.getType<string>() === 'graphql') throw error;
    const request = host.getArgByIndex<FastifyRequest>(0);
    const reply = host.getArgByIndex<FastifyReply>(1);
    if (error instanceof NotFoundException) this.#answerUnmatched(request, reply);
    else sendProblem(error, request, reply);
  }

  /** No route: 405 where the path knows other methods, RFC 9110, section 15.5.6. */
  #answerUnmatched(request: FastifyRequest, reply: FastifyReply): void {
    const path = pathOf(request);
    const methods = this.routes.methodsOf(path);
    const allow = methods.join(', ');
    if (methods.length === 0 || methods.includes(request.method)) {
      if (request.method === 'OPTIONS' && methods.length > 0) return void reply.code(204).header('allow', allow).send();
      const detail = `There is nothing at ${path}. Look up the URL at /reference.`;
      return sendProblem(new HttpFault('route-not-found', detail), request, reply);
    }
    const detail = `${path} knows ${allow}, not ${request.method}.`;
    sendProblem(new HttpFault('method-not-allowed', detail, { allow }), request, reply);
  }
}

/** Answers with the problem that the error is. */
export function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const { problem, headers, unforeseen } = problemOf(error, request);
  if (unforeseen) request.log.error({ ...logContext(request), err: error }, unforeseenMessage(problem.code));
  if (reply.sent || reply.raw.headersSent) {
    reply.raw.destroy();
    return;
  }
  void reply
    .code(problem.status)
    .headers(headers)
    .header('content-type', 'application/problem+json')
    .serializer(JSON.stringify)
    .send(problem);
}

function unforeseenMessage(code: string): string {
  return code === 'internal-error'
    ? 'A request failed for a reason that was not foreseen.'
    : `The problem code '${code}' is not in the catalogue: add it with defineProblems.`;
}
