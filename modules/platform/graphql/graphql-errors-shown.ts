import type { FastifyRequest } from 'fastify';
import { type FormattedExecutionResult, GraphQLError, type ExecutionResult, type GraphQLFormattedError } from 'graphql';
import { problemOf } from '#platform/http/problem';
import { logContext } from '#platform/observability/log-context';
import { DocumentRefused } from './graphql.errors.js';

/**
 * The error as clients see it: a message that says what to do, and in `extensions` the problem with its code, as REST answers it.
 * What was not foreseen is masked, and logged with the id of the request.
 */
export function shownError(error: GraphQLError, request: FastifyRequest): GraphQLFormattedError {
  const cause = causeOf(error) ?? new DocumentRefused('graphql-invalid', error.message);
  const { problem, headers, unforeseen } = problemOf(cause, request);
  if (unforeseen) {
    const where = { ...logContext(request), path: error.path?.join('.'), err: cause };
    request.log.error(where, 'A field of a GraphQL operation failed for a reason that was not foreseen.');
  }
  const { detail: message, ...rest } = problem;
  const retryAfter = headers['retry-after'];
  const extensions = { ...rest, ...(retryAfter !== undefined && { retryAfterSeconds: Number(retryAfter) }) };
  const { locations, path } = error;
  return { message, ...(locations && { locations }), ...(path && { path }), extensions };
}

/** The result with its errors as clients see them. */
export function shownResult(result: ExecutionResult, request: FastifyRequest): FormattedExecutionResult {
  const { errors, ...rest } = result;
  return errors ? { errors: errors.map((error) => shownError(error, request)), ...rest } : rest;
}

/** Wraps what a step before the execution threw. */
export function asGraphqlError(error: unknown): GraphQLError {
  if (error instanceof GraphQLError) return error;
  const originalError = error instanceof Error ? error : new Error(String(error));
  return new GraphQLError(originalError.message, { originalError });
}

/** GraphQL wraps an error where it passes; one without a cause is GraphQL's own and about the document. */
function causeOf(error: GraphQLError): Error | undefined {
  let cause: Error | undefined = error;
  while (cause instanceof GraphQLError) cause = cause.originalError;
  return cause;
}
