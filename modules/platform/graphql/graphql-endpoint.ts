import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Inject, Injectable, type OnModuleInit, Optional, type Type } from '@nestjs/common';
import { HttpAdapterHost, LazyModuleLoader, ModuleRef } from '@nestjs/core';
import type { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { DomainError } from '#kernel/errors';
import { Config } from '#platform/config/config';
import { HttpFault } from '#platform/http/http-fault';
import { Metrics } from '#platform/observability/metrics';
import { ProjectionWaits } from '#platform/projecting/waiting/projection-waits';
import { greetBrowser, wantsPage } from './browser-page.js';
import type { GraphqlService } from './graphql-service.js';
import { GRAPHQL_PATH } from './socket-request.js';
import './graphql.errors.js';

/** The modules of the resolvers, loaded when GraphQL is first asked for. */
export type ResolverModules = readonly (() => Promise<Type>)[];
export const RESOLVER_MODULES = Symbol('ResolverModules');

/** What a request for a socket brings beside itself. */
interface Upgrade {
  readonly socket: Socket;
  readonly head: Buffer;
}

/**
 * The routes of GraphQL. GraphQL and the schema take about as long to load as the rest of the program, so that happens at the first
 * request for them: a process that is never asked pays nothing.
 */
@Injectable()
export class GraphqlEndpoint implements OnModuleInit {
  #service: Promise<GraphqlService> | undefined;
  #loaded: GraphqlService | undefined;
  readonly #upgrades = new WeakMap<IncomingMessage, Upgrade>();

  constructor(
    private readonly host: HttpAdapterHost<FastifyAdapter>,
    private readonly loader: LazyModuleLoader,
    private readonly modules: ModuleRef,
    private readonly config: Config,
    @Inject(RESOLVER_MODULES) private readonly resolvers: ResolverModules,
    @Optional() private readonly metrics?: Metrics,
  ) {}

  onModuleInit(): void {
    const fastify = this.host.httpAdapter.getInstance<FastifyInstance>();
    fastify.route({
      method: ['GET', 'POST'],
      url: GRAPHQL_PATH,
      handler: (request, reply) => this.#answer(request, reply),
    });
    fastify.get('/schema.graphql', async (_request, reply) => this.#answerSchema(reply));
    fastify.server.on('upgrade', (raw: IncomingMessage, socket: Socket, head: Buffer) => {
      this.#upgrades.set(raw, { socket, head });
      answerOver(fastify, raw, socket);
    });
    // Before the server waits for its connections to end.
    fastify.addHook('preClose', async () => this.#loaded?.sockets.close());
    this.metrics?.gauge(
      'graphql_sockets',
      'Open sockets for GraphQL subscriptions.',
      () => this.#loaded?.sockets.size ?? 0,
    );
  }

  async #answer(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const upgrade = this.#upgrades.get(request.raw);
    if (!upgrade && wantsPage(request)) return greetBrowser(reply);
    const service = await this.#open();
    return upgrade ? this.#acceptSocket(service, request, reply, upgrade) : service.answer(request, reply);
  }

  async #answerSchema(reply: FastifyReply): Promise<FastifyReply> {
    if (this.config.graphqlIntrospection !== 'on') {
      const detail =
        'The schema may not be asked for (PERDURE_GRAPHQL_INTROSPECTION). Read docs/schema.graphql instead.';
      throw new HttpFault('graphql-no-introspection', detail);
    }
    return reply.type('text/plain; charset=utf-8').send((await this.#open()).schemaText);
  }

  #acceptSocket(
    { sockets }: GraphqlService,
    request: FastifyRequest,
    reply: FastifyReply,
    { socket, head }: Upgrade,
  ): FastifyReply {
    this.#checkOrigin(request);
    if (sockets.size >= this.config.graphqlMaxSockets) throw new TooManySockets(this.config.graphqlMaxSockets);
    reply.hijack();
    reply.raw.detachSocket(socket);
    sockets.accept(request, request.raw, socket, head);
    return reply;
  }

  /** Browsers let any page open a socket to anywhere, and say whose page it is. */
  #checkOrigin({ headers }: FastifyRequest): void {
    const { origin, host } = headers;
    if (origin === undefined || this.config.allowedOrigins.includes(origin)) return;
    if (URL.canParse(origin) && new URL(origin).host === host) return;
    throw new HttpFault('origin-not-allowed', `Pages of ${origin} may not open sockets here (ALLOWED_ORIGINS).`);
  }

  #open(): Promise<GraphqlService> {
    return (this.#service ??= this.#load().catch((error: unknown) => {
      this.#service = undefined;
      throw error;
    }));
  }

  async #load(): Promise<GraphqlService> {
    const resolvers = await Promise.all(this.resolvers.map((load) => load()));
    const { GraphqlService } = await import('./graphql-service.js');
    return (this.#loaded = await GraphqlService.open(this.loader, resolvers, this.config, this.#waits()));
  }

  /** None where the application has no projections. */
  #waits(): ProjectionWaits | undefined {
    try {
      return this.modules.get(ProjectionWaits, { strict: false });
    } catch {
      return undefined;
    }
  }
}

/** Lets Fastify answer over this connection, with its hooks: the route takes the connection over, or refuses. */
function answerOver(fastify: FastifyInstance, raw: IncomingMessage, socket: Socket): void {
  const response = new ServerResponse(raw);
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  response.once('finish', () => socket.destroySoon());
  socket.on('error', () => socket.destroy());
  fastify.routing(raw, response);
}

class TooManySockets extends DomainError {
  constructor(limit: number) {
    super(
      'unavailable',
      'too-many-sockets',
      `There are ${limit} sockets open, as many as there may be (PERDURE_GRAPHQL_MAX_SOCKETS). Try again later.`,
    );
  }
}
