import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import type { GraphQLError } from 'graphql';
import { type ExecutionArgs } from 'graphql';
import { handleProtocols, makeServer } from 'graphql-ws';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Config } from '#platform/config/config';
import { HttpFault } from '#platform/http/http-fault';
import { RateLimiter } from '#platform/http/rate-limiter';
import { TooManySubscriptions, wrongTransport } from './graphql.errors.js';
import { GraphqlContext } from './graphql-context.js';
import { asGraphqlError, shownError, shownResult } from './graphql-errors-shown.js';
import type { Operations } from './operations.js';
import { SocketLine } from './socket-line.js';

/** How a socket ends that its client did not close; beside them are those of graphql-transport-ws. */
export const CLOSE = {
  /** The server is about to end: connect again. */
  restart: 1012,
  /** It is read too slowly: connect again and go on from the last position. */
  tooSlow: 4413,
} as const;

const RESTARTING = 'Restarting: connect again';
const TOO_SLOW = 'Read too slowly: go on from the last position';

/** Milliseconds that a client has to close its side before its socket is cut. */
const PATIENCE = { restart: 2_000, slow: 10_000 };

interface Extra {
  readonly request: FastifyRequest;
}

type Settings = Pick<Config, 'rateLimit' | 'maxBodyBytes' | 'graphqlMaxSubscriptions' | 'graphqlSlowSeconds'>;

/** Subscriptions over WebSockets: graphql-transport-ws. */
export class GraphqlSockets {
  readonly #lines = new Set<SocketLine>();
  readonly #webSockets: WebSocketServer;
  readonly #server;
  readonly #limiter: RateLimiter | undefined;
  #closing = false;

  constructor(
    private readonly operations: Operations,
    private readonly settings: Settings,
  ) {
    const { rateLimit } = settings;
    this.#limiter = rateLimit === 'off' ? undefined : new RateLimiter(rateLimit);
    this.#webSockets = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      maxPayload: settings.maxBodyBytes,
      handleProtocols: (protocols) => handleProtocols(protocols),
    });
    this.#server = makeServer<Record<string, unknown>, Extra>({
      onSubscribe: ({ extra, subscriptions }, _id, { query, operationName, variables }) => {
        const refusal = this.#overRate(extra.request);
        if (refusal) return [refusal];
        // The one that is asked for is among them already.
        const limit = this.settings.graphqlMaxSubscriptions;
        if (Object.keys(subscriptions).length > limit) return [asGraphqlError(new TooManySubscriptions(limit))];
        return this.#begin(extra.request, { query, operationName, variables });
      },
      onNext: ({ extra }, _id, _payload, _args, result) => shownResult(result, extra.request),
      onError: ({ extra }, _id, _payload, errors) => errors.map((error) => shownError(error, extra.request)),
    });
  }

  /** Sockets that are open. */
  get size(): number {
    return this.#lines.size;
  }

  /** Makes the connection of this request a socket. */
  accept(request: FastifyRequest, raw: IncomingMessage, connection: Duplex, head: Buffer): void {
    this.#webSockets.handleUpgrade(raw, connection, head, (socket) => this.#serve(socket, request));
  }

  /** Closes all sockets, so that their clients connect again, elsewhere or later. */
  async close(): Promise<void> {
    this.#closing = true;
    await Promise.all([...this.#lines].map((line) => line.close(CLOSE.restart, RESTARTING, PATIENCE.restart)));
  }

  #serve(socket: WebSocket, request: FastifyRequest): void {
    const failed = (error: unknown): void =>
      request.log.error({ requestId: request.id, err: error }, 'A GraphQL socket failed.');
    const tooSlow = (): void => {
      release(CLOSE.tooSlow, TOO_SLOW);
      void line.close(CLOSE.tooSlow, TOO_SLOW, PATIENCE.slow);
    };
    const line = new SocketLine(socket, { patience: this.settings.graphqlSlowSeconds * 1_000, tooSlow, failed });
    if (this.#closing) return void line.close(CLOSE.restart, RESTARTING, PATIENCE.restart);
    this.#lines.add(line);
    const closed = this.#server.opened(line, { request });
    /** Ends the subscriptions. A client that does not read does not take part in the closing either, so this comes before. */
    const release = (code: number, reason: string): void => {
      closed(code, reason).catch(failed);
    };
    socket.once('close', (code, reason) => {
      this.#lines.delete(line);
      release(code, String(reason));
    });
  }

  /** Subscribing counts as a request does: a socket must not be a way around the limit. */
  #overRate({ ip }: FastifyRequest): GraphQLError | undefined {
    const verdict = this.#limiter?.take(ip);
    if (!verdict || verdict.allowed) return undefined;
    const detail = `More subscriptions from this address than it may send requests (PERDURE_RATE_LIMIT). Wait ${verdict.retryAfterSeconds} s.`;
    return asGraphqlError(new HttpFault('rate-limited', detail, { 'retry-after': String(verdict.retryAfterSeconds) }));
  }

  #begin(
    request: FastifyRequest,
    asked: Parameters<Operations['prepare']>[0],
  ): ExecutionArgs | readonly GraphQLError[] {
    const prepared = this.operations.prepare(asked);
    if (!('kind' in prepared)) return prepared;
    const { kind, ...args } = prepared;
    if (kind !== 'subscription') {
      return [asGraphqlError(wrongTransport(`Send a ${kind} by POST: sockets are for subscriptions.`))];
    }
    return { ...args, contextValue: new GraphqlContext(request, async () => {}) };
  }
}
