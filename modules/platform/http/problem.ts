import { HttpException } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { DomainError, type Violation } from '#kernel/errors';
import type { JsonObject } from '#kernel/json';
import { HttpFault } from './http-fault.js';
import { findProblem, STATUS_OF_KIND } from './problem-catalogue.js';
import '../erasure/erasure.errors.js';
import './platform-problems.js';

/** Problem details, RFC 9457. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: string;
  /** What happened this time, and what to do about it. */
  readonly detail: string;
  /** The path, and behind `#` the id of the request, which log lines carry too. */
  readonly instance: string;
  readonly errors?: readonly Violation[];
  /** Of `projection-behind`: which one, how it is doing, where it stands, and how far it is behind. */
  readonly projection?: string;
  readonly state?: string;
  readonly position?: string;
  readonly lagEvents?: number;
  readonly lagSeconds?: number;
}

export interface ProblemAnswer {
  readonly problem: Problem;
  readonly headers: Readonly<Record<string, string>>;
  /** Whether the fault is ours: it was not foreseen, and its cause belongs into the log. */
  readonly unforeseen: boolean;
}

/** Seconds after which what is unavailable may be there again. */
const RETRY_AFTER = '1';

const CODE_OF_FASTIFY: Readonly<Record<string, string>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'body-too-large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported-media-type',
  FST_ERR_CTP_INVALID_TYPE: 'unsupported-media-type',
  FST_ERR_CTP_INVALID_JSON_BODY: 'malformed-json',
  FST_ERR_BAD_URL: 'malformed-url',
  FST_ERR_MAX_PARAM_LENGTH: 'url-too-long',
};

/** Turns whatever was thrown into an answer. Nothing of an unforeseen error reaches the client. */
export function problemOf(error: unknown, request: FastifyRequest): ProblemAnswer {
  if (error instanceof DomainError) {
    const retryAfter = error.retryAfter === undefined ? RETRY_AFTER : String(error.retryAfter);
    const headers: Record<string, string> = error.retryable ? { 'retry-after': retryAfter } : {};
    const status = STATUS_OF_KIND[error.kind];
    return answer(error.code, status, error.message, request, headers, error.violations, error.members);
  }
  if (error instanceof HttpFault) return answer(error.code, 500, error.message, request, error.headers);

  const thrown = error instanceof HttpException && error.cause ? error.cause : error;
  const { code, statusCode, message } = thrown as { code?: string; statusCode?: number; message?: string };
  const known = CODE_OF_FASTIFY[code ?? ''];
  if (known) return answer(known, 400, detailOf(known, request, message ?? ''), request);

  const status = thrown instanceof HttpException ? thrown.getStatus() : statusCode;
  if (status === 413) return answer('body-too-large', 413, detailOf('body-too-large', request, ''), request);
  if (status !== undefined && status >= 400 && status < 500) {
    return answer('malformed-request', 400, message ?? 'The request cannot be read.', request);
  }
  return {
    ...answer(
      'internal-error',
      500,
      'Something went wrong inside. It was logged with the id of this request.',
      request,
    ),
    unforeseen: true,
  };
}

function detailOf(code: string, request: FastifyRequest, message: string): string {
  switch (code) {
    case 'body-too-large':
      return `The body has more bytes than this URL takes: ${request.routeOptions?.bodyLimit} (PERDURE_MAX_BODY_BYTES, for batches PERDURE_MAX_BATCH_BYTES). Send less at once.`;
    case 'unsupported-media-type':
      return `Content-Type '${request.headers['content-type'] ?? ''}' cannot be read here. Send application/json.`;
    case 'url-too-long':
      return 'A part of the path is longer than any id may be. Use a shorter one.';
    case 'malformed-url':
      return 'The URL has a % that is not followed by UTF-8 in hexadecimal. Percent-encode it as RFC 3986 says.';
    default:
      return message;
  }
}

function answer(
  code: string,
  status: number,
  detail: string,
  request: FastifyRequest,
  headers: Readonly<Record<string, string>> = {},
  errors: readonly Violation[] = [],
  members: JsonObject = {},
): ProblemAnswer {
  const entry = findProblem(code);
  const problem = {
    type: entry?.type ?? 'about:blank',
    title: entry?.title ?? code,
    status: entry?.status ?? status,
    code,
    detail,
    instance: `${pathOf(request)}#${request.id}`,
    ...(errors.length > 0 && { errors }),
    ...members,
  };
  return { problem, headers, unforeseen: entry === undefined };
}

/** The path of the request as a header may carry it. */
export function pathOf(request: FastifyRequest): string {
  const end = request.url.indexOf('?');
  return headerSafe(end < 0 ? request.url : request.url.slice(0, end));
}

/** Percent-encodes what Node lets through in a URL but a URI reference may not have. */
export function headerSafe(url: string): string {
  return url.replace(/[^!-~]|[<>"\\^`{|}#]/g, (character) => encodeURIComponent(character));
}
