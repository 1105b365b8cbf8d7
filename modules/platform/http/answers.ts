import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Answer } from '#platform/dispatch/envelope';
import type { Endpoint } from './endpoint.js';
import { entityTag, isFresh } from './entity-tag.js';
import { headerSafe, pathOf } from './problem.js';

type Done = (error: Error | null, payload?: unknown) => void;

/** Shapes what a controller's method returned; a `preSerialization` hook of Fastify's. */
export type Shape = (request: FastifyRequest, reply: FastifyReply, payload: unknown, done: Done) => void;

/** What has a revision: answered with it as `ETag`, or with 304 to a client that has it already. */
export class Revised {
  constructor(
    readonly body: object,
    readonly revision: number,
  ) {}
}

/** The answer to a query for one object, as it is at this revision. */
export function revised(body: object, revision: number): Revised {
  return new Revised(body, revision);
}

/** How the endpoint's results become answers, if not as they are. */
export function shapeOf(endpoint: Endpoint): Shape | undefined {
  if (endpoint.kind === 'command' && endpoint.starts) return startAt(endpoint.starts);
  if (endpoint.kind === 'command')
    return endpoint.answer ? undefined : endpoint.creates ? creationAt(endpoint.creates) : change;
  if (endpoint.paged) return page;
  return endpoint.revised ? representation : undefined;
}

const change: Shape = (_request, reply, payload, done) => {
  if (isProblem(reply)) return done(null, payload);
  done(null, position(reply, payload as Answer));
};

function creationAt(url: string): Shape {
  return (request, reply, payload, done) => {
    if (isProblem(reply)) return done(null, payload);
    const answer = payload as Answer;
    if (answer.created) reply.code(201).header('location', locationOf(url, request, answer.id));
    done(null, position(reply, answer));
  };
}

function startAt(url: string): Shape {
  return (request, reply, payload, done) => {
    if (!isProblem(reply)) reply.code(202).header('location', locationOf(url, request, (payload as Answer).id));
    done(null, payload);
  };
}

function position(reply: FastifyReply, { id, revision, position, replayed }: Answer): object {
  reply.header('etag', entityTag(revision)).header('perdure-position', position);
  return replayed ? { id, revision, position, replayed } : { id, revision, position };
}

/** The URL of what was created: its `:id` is the answer's, other parameters are the request's own. */
function locationOf(url: string, request: FastifyRequest, id: string): string {
  const parameters: Record<string, string> = { ...(request.params as object), id };
  return url.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(parameters[name]!));
}

const representation: Shape = (request, reply, payload, done) => {
  if (!(payload instanceof Revised)) return done(null, payload);
  const tag = entityTag(payload.revision);
  reply.header('etag', tag);
  // An erasure changes what is shown of a revision: whoever has it from before must not keep it.
  if (!('$erased' in payload.body) && isFresh(request.headers['if-none-match'], tag)) {
    // RFC 9110, section 15.4.5: no content, and none of its headers.
    reply.code(304).removeHeader('content-type').serializer(noContent);
  }
  done(null, payload.body);
};

const noContent = (): string => null as unknown as string;

const page: Shape = (request, reply, payload, done) => {
  const next = (payload as { next?: string }).next;
  if (next !== undefined && !isProblem(reply)) reply.header('link', `<${nextPage(request, next)}>; rel="next"`);
  done(null, payload);
};

function nextPage(request: FastifyRequest, cursor: string): string {
  const path = pathOf(request);
  const parameters = new URLSearchParams(request.url.slice(request.url.indexOf('?') + 1 || request.url.length));
  parameters.set('cursor', cursor);
  return `${path}?${headerSafe(parameters.toString())}`;
}

function isProblem(reply: FastifyReply): boolean {
  return reply.statusCode >= 400;
}
