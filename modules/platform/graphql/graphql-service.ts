import type { Type } from '@nestjs/common';
import type { LazyModuleLoader } from '@nestjs/core';
import { GraphQLModule, GraphQLSchemaHost } from '@nestjs/graphql';
import type { FastifyReply, FastifyRequest } from 'fastify';
import {
  execute,
  type ExecutionArgs,
  type ExecutionResult,
  GraphQLError,
  lexicographicSortSchema,
  printSchema,
} from 'graphql';
import { createHandler, parseRequestParams, type Handler, type OperationArgs, type Response } from 'graphql-http';
import { HttpFault } from '#platform/http/http-fault';
import type { Config } from '#platform/config/config';
import type { ProjectionWaits } from '#platform/projecting/waiting/projection-waits';
import { caughtUpFor } from './after-directive.js';
import { DocumentRefused, wrongTransport } from './graphql.errors.js';
import { GraphqlContext } from './graphql-context.js';
import { asGraphqlError, shownError, shownResult } from './graphql-errors-shown.js';
import { LoadedGraphqlModule } from './loaded-graphql.module.js';
import { Operations } from './operations.js';
import { GraphqlSockets } from './graphql-sockets.js';

/** Everything that takes its time to load: GraphQL itself, the schema, and what serves it. */
export class GraphqlService {
  /** Makes the schema of these modules' resolvers, and of all commands. */
  static async open(
    loader: LazyModuleLoader,
    resolvers: readonly Type[],
    config: Config,
    waits: ProjectionWaits | undefined,
  ): Promise<GraphqlService> {
    const loaded = await loader.load(() => LoadedGraphqlModule.with(resolvers));
    // Nest calls no hooks of what is loaded later.
    await loaded.get(GraphQLModule, { strict: false }).onModuleInit();
    const { schema } = loaded.get(GraphQLSchemaHost, { strict: false });
    return new GraphqlService(
      new Operations(schema, config),
      `${printSchema(lexicographicSortSchema(schema))}\n`,
      config,
      waits,
    );
  }

  readonly sockets: GraphqlSockets;
  readonly #handle: Handler<FastifyRequest, FastifyReply>;

  private constructor(
    private readonly operations: Operations,
    /** The schema in GraphQL's own language. */
    readonly schemaText: string,
    config: Config,
    private readonly waits: ProjectionWaits | undefined,
  ) {
    this.sockets = new GraphqlSockets(operations, config);
    this.#handle = createHandler<FastifyRequest, FastifyReply>({
      parseRequestParams: onlyOne,
      onSubscribe: ({ raw }, params) => this.#begin(raw, params),
      execute,
      onOperation: ({ raw, context }, args, result) => finished(raw, context, args, result),
      formatError: (error) => error,
    });
  }

  /** Answers a request as GraphQL over HTTP has it. */
  async answer(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const { url, method, headers } = request;
    const body = (request.body ?? null) as Record<string, unknown> | null;
    const [text, { status, headers: given }] = await this.#handle({
      url,
      method,
      headers,
      body,
      raw: request,
      context: reply,
    });
    if (text === null) throw refusal(status, given);
    return reply
      .code(status)
      .headers(given ?? {})
      .send(text);
  }

  #begin(
    request: FastifyRequest,
    params: { query: string; operationName?: string | null; variables?: Record<string, unknown> | null },
  ): OperationArgs | Response | readonly GraphQLError[] {
    const refused = (errors: readonly GraphQLError[]) =>
      errors.map((error) => shown(error, request)) as unknown as readonly GraphQLError[];
    const prepared = this.operations.prepare(params);
    if (!('kind' in prepared)) return refused(prepared);
    const { kind, ...args } = prepared;
    if (kind === 'subscription') {
      return refused([
        asGraphqlError(wrongTransport('Subscribe over a WebSocket at this URL (graphql-transport-ws).')),
      ]);
    }
    if (kind === 'mutation' && request.method !== 'POST') {
      const error = asGraphqlError(wrongTransport('A mutation changes something. Send it by POST.'));
      const headers = { allow: 'POST', 'content-type': 'application/json; charset=utf-8' };
      const body = JSON.stringify({ errors: [shownError(error, request)] });
      return [body, { status: 405, statusText: 'Method Not Allowed', headers }];
    }
    try {
      const context = new GraphqlContext(request, caughtUpFor(args, request, this.waits));
      // graphql-http knows plain objects as contexts only.
      return { ...args, contextValue: context as never };
    } catch (error) {
      return refused([asGraphqlError(error)]);
    }
  }
}

/** graphql-http tells by the class what an error of a request is. */
function shown(error: GraphQLError, request: FastifyRequest): GraphQLError {
  const { message, extensions } = shownError(error, request);
  const { nodes, source, positions, path } = error;
  return new GraphQLError(message, { nodes, source, positions, path, extensions });
}

function finished(request: FastifyRequest, reply: FastifyReply, args: ExecutionArgs, result: ExecutionResult) {
  const { position } = args.contextValue as GraphqlContext;
  if (position !== undefined) reply.header('perdure-position', position);
  return shownResult(result, request) as ExecutionResult;
}

/** graphql-http takes a list for an object without a query. */
const onlyOne: typeof parseRequestParams<FastifyRequest, FastifyReply> = async (request) => {
  try {
    if (Array.isArray(request.body)) throw new Error('Batches are not taken');
    return await parseRequestParams(request);
  } catch (error) {
    const { message } = error as Error;
    const refused = new DocumentRefused(
      'graphql-malformed',
      `${message}. Send one {"query": "…"} as JSON, or query=… in the URL.`,
    );
    // Not a GraphQLError: such a request has status 400 whatever the client accepts.
    throw Object.assign(new Error(refused.message), { toJSON: () => shownError(asGraphqlError(refused), request.raw) });
  }
};

/** The answers of graphql-http without a body. */
function refusal(status: number, headers: Record<string, string> = {}): HttpFault {
  if (status === 405) return new HttpFault('method-not-allowed', 'GraphQL knows GET and POST.', { allow: 'GET, POST' });
  if (status === 406) {
    const detail = 'Accept application/graphql-response+json or application/json: nothing else comes from here.';
    return new HttpFault('graphql-not-acceptable', detail, headers);
  }
  return new HttpFault('unsupported-media-type', 'A GraphQL request is JSON in UTF-8. Send it as application/json.');
}
