import { Module, type DynamicModule, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Config } from '#platform/config/config';
import { ConfigModule } from '#platform/config/config.module';
import { VERSION } from '#platform/config/version';
import { isForSocket } from '#platform/graphql/socket-request';
import { logOptions } from '#platform/observability/log-context';
import { NestLog } from '#platform/observability/nest-log';
import { ObservabilityModule } from '#platform/observability/observability.module';
import { observeRequests } from '#platform/observability/observe-requests';
import { callDirectly } from './direct-calls.js';
import { answerClientError } from './client-errors.js';
import { EventStreams } from './event-streams.js';
import { acceptJsonOnly } from './json-body.js';
import { ProblemFilter, sendProblem } from './problem.filter.js';
import { ProblemsController } from './problems.controller.js';
import { readYourWrites } from './read-your-writes.js';
import { serveReference } from './reference.js';
import { addRequestHooks, requestId } from './request-hooks.js';
import { RouteTable } from './route-table.js';

/** Longest part of a path: 200 characters of an id take up to 9 bytes each when they are percent-encoded. */
const MAX_PARAM_LENGTH = 2_000;

@Module({})
class HttpModule {
  static serving(module: Type | DynamicModule, config: Config): DynamicModule {
    return {
      module: HttpModule,
      imports: [ConfigModule.with(config), ObservabilityModule, module],
      controllers: [ProblemsController],
      providers: [EventStreams],
      exports: [EventStreams],
      global: true,
    };
  }
}

/**
 * The module's application with the whole HTTP contract around it, ready to listen: `await app.listen(config.port, config.host)`.
 * Throws where an endpoint names a problem that the catalogue does not have.
 */
export async function createHttpApp(module: Type | DynamicModule, config: Config): Promise<NestFastifyApplication> {
  const adapter = new FastifyAdapter({
    bodyLimit: config.maxBodyBytes,
    requestTimeout: config.requestSeconds * 1_000,
    http: {
      maxHeaderSize: config.maxHeaderBytes,
      shouldUpgradeCallback: isForSocket,
      // Node gives the body the longer of the two times, and headers have 60 s where nothing is said.
      headersTimeout: config.requestSeconds * 1_000,
      // Every 30 s otherwise: a request could take twice its time.
      connectionsCheckingInterval: config.requestSeconds * 100,
    },
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH, ignoreTrailingSlash: true },
    return503OnClosing: false,
    genReqId: requestId,
    clientErrorHandler: answerClientError,
    frameworkErrors: sendProblem,
    ...logOptions(config.log),
    // Nest middleware would cost every request a walk through its own router; hooks do the same.
    skipMiddie: true,
  });
  const fastify = adapter.getInstance();
  const routes = new RouteTable();
  routes.watch(fastify, config);
  acceptJsonOnly(fastify);
  addRequestHooks(fastify, config);

  const app = await NestFactory.create<NestFastifyApplication>(HttpModule.serving(module, config), adapter, {
    logger: new NestLog(fastify.log),
    bodyParser: false,
    abortOnError: false,
  });
  app.useGlobalFilters(new ProblemFilter(routes));
  if (config.allowedOrigins.length > 0) app.enableCors(corsOf(config));
  callDirectly(app);
  readYourWrites(app);
  observeRequests(app);
  serveReference(app, routes, VERSION);
  fastify.addHook('preClose', (done) => {
    app.get(EventStreams).close();
    done();
  });
  await app.init();
  routes.check();
  return app;
}

/** Which answers' headers a page of an allowed origin may read, and what it may send. */
function corsOf({ allowedOrigins }: Config) {
  return {
    origin: [...allowedOrigins],
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    exposedHeaders: [
      ...['ETag', 'Location', 'Link', 'Perdure-Position', 'Retry-After', 'RateLimit', 'RateLimit-Policy'],
      ...['traceparent', 'X-Request-Id', 'Allow'],
    ],
    maxAge: 600,
    strictPreflight: false,
  };
}
