import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { InvalidInput, type Violation } from '#kernel/errors';
import type { Position } from '#kernel/event';
import { ProjectionBehind } from '#platform/projecting/projecting.errors';
import { DEFAULT_WAIT, LONGEST_WAIT, ProjectionWaits } from '#platform/projecting/waiting/projection-waits';
import type { Endpoint } from './endpoint.js';
import { checkReads } from './check-reads.js';

type Handler = (request: FastifyRequest, reply: FastifyReply) => unknown;

/** What a query asks for that must see its client's own writes. */
export interface Wish {
  readonly after?: Position;
  /** Milliseconds. */
  readonly wait: number;
}

const POSITION = /^(0|[1-9]\d{0,19})$/;
const WAIT = /^(?:0|(\d{1,5})(ms|s))$/;

/**
 * Lets every query be asked with `after=<position>` and `wait=<time>`: it is answered when the projections that it `reads` have come
 * so far. Endpoints that read none answer from streams, which are always up to date. Must come before the routes, and after what
 * else replaces their handlers. A request without these parameters pays for looking whether they are there.
 */
export function readYourWrites(app: NestFastifyApplication): void {
  const fastify = app.getHttpAdapter().getInstance();
  let waits: ProjectionWaits | undefined;
  fastify.addHook('onRoute', (route) => {
    const endpoint = route.config?.endpoint;
    if (!endpoint || !takesWishes(endpoint, route.method)) return;
    waits ??= waitsOf(app);
    checkReads(endpoint, waits?.names);
    route.handler = waiting(route.handler, endpoint.reads ?? [], waits);
  });
  // What waits must not hold up the end of the process: it is answered with where to ask again.
  fastify.addHook('preClose', (done) => {
    waits?.end();
    done();
  });
}

/** Whether the endpoint is a query that is sent as one. */
export function takesWishes(
  endpoint: Endpoint,
  method: string | string[],
): endpoint is Extract<Endpoint, { kind: 'query' }> {
  return endpoint.kind === 'query' && [method].flat().every((each) => each === 'GET' || each === 'HEAD');
}

/** None where the application has no projections. */
function waitsOf(app: NestFastifyApplication): ProjectionWaits | undefined {
  try {
    return app.get(ProjectionWaits, { strict: false });
  } catch {
    return undefined;
  }
}

function waiting(handler: Handler, reads: readonly string[], waits: ProjectionWaits | undefined): Handler {
  return (request, reply) => {
    const query = request.query as Record<string, string | string[]>;
    if (query['after'] === undefined && query['wait'] === undefined) return handler(request, reply);
    return afterWait(request, reply, reads, waits).then(() => handler(request, reply));
  };
}

async function afterWait(
  request: FastifyRequest,
  reply: FastifyReply,
  reads: readonly string[],
  waits: ProjectionWaits | undefined,
): Promise<void> {
  const { after, wait } = wishOf(request.query as Record<string, string | string[]>);
  if (after === undefined || !waits) return;
  const gone = new AbortController();
  const leave = (): void => gone.abort();
  reply.raw.once('close', leave);
  try {
    await waits.reached(reads, after, { milliseconds: wait, signal: gone.signal });
  } catch (error) {
    // Nobody is there to be told.
    if (gone.signal.aborted) reply.hijack();
    // The server closes connections that are idle, and this one is not yet.
    if (error instanceof ProjectionBehind && error.why === 'ending') reply.header('connection', 'close');
    throw error;
  } finally {
    reply.raw.off('close', leave);
  }
}

/** Takes the two out of the query, so that what the endpoint itself declares is left. Throws InvalidInput. */
export function wishOf(query: Record<string, string | string[]>): Wish {
  const { after, wait } = query;
  delete query['after'];
  delete query['wait'];
  const [, amount, unit] = (typeof wait === 'string' && WAIT.exec(wait)) || [];
  const milliseconds = wait === undefined ? DEFAULT_WAIT : Number(amount ?? 0) * (unit === 's' ? 1_000 : 1);
  const violations: Violation[] = [];
  if (after !== undefined && !(typeof after === 'string' && POSITION.test(after))) {
    const detail =
      'Must be the Perdure-Position of an answer of this store, as it came: a decimal number. Positions of other stores mean nothing here.';
    violations.push({ pointer: '/query/after', detail });
  }
  if (wait !== undefined && (!(typeof wait === 'string' && WAIT.test(wait)) || milliseconds > LONGEST_WAIT)) {
    const detail = `Must be a time of 0 to ${LONGEST_WAIT / 1_000}s, such as 500ms or 2s.`;
    violations.push({ pointer: '/query/wait', detail });
  }
  if (violations.length > 0) throw new InvalidInput(violations);
  return { after: after as Position | undefined, wait: milliseconds };
}
