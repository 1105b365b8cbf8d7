import { SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { openApiDocument } from './openapi.js';
import type { RouteTable } from './route-table.js';

/** Swagger UI comes from this server alone; it styles itself inline. */
const UI_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'";

/** Serves the OpenAPI document at `/openapi.json`, and a page to read and try it at `/reference`. */
export function serveReference(app: NestFastifyApplication, routes: RouteTable, version: string): void {
  const fastify = app.getHttpAdapter().getInstance();
  let document: OpenAPIObject | undefined;
  let text: string | undefined;
  const current = (): OpenAPIObject =>
    (document ??= openApiDocument(routes.routes, version) as unknown as OpenAPIObject);

  fastify.get('/openapi.json', (_request: FastifyRequest, reply: FastifyReply) =>
    reply.type('application/json').send((text ??= JSON.stringify(current()))),
  );
  fastify.addHook('onRoute', (route) => {
    if (!route.url.startsWith('/reference')) return;
    route.onSend = (_request: FastifyRequest, reply: FastifyReply, _payload: unknown, done: () => void) => {
      reply.header('content-security-policy', UI_POLICY);
      done();
    };
  });
  SwaggerModule.setup('reference', app, current, { raw: false, customSiteTitle: 'Perdure API' });
}
