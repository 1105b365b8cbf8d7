import { ApplicationConfig } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Endpoint } from './endpoint.js';
import { readersOf, type Reader } from './request-parameter.js';

type Handler = (request: FastifyRequest, reply: FastifyReply) => unknown;
type Method = (...values: unknown[]) => unknown;

/** What may stand on a method that needs nothing of Nest but to be called. */
const PLAIN = new Set(['path', 'method', '__httpCode__', '__fastify_route_config__']);

/**
 * Lets Fastify call the methods of controllers itself. Nest's handler runs guards, pipes and interceptors around a method, and
 * costs half as much as an empty route even where there are none. Endpoints that have any of them, or an argument of Nest's own,
 * keep Nest's handler. Must come before the routes.
 */
export function callDirectly(app: NestFastifyApplication): void {
  const fastify = app.getHttpAdapter().getInstance();
  fastify.addHook('onRoute', (route) => {
    const endpoint = route.config?.endpoint;
    if (endpoint && isPlain(endpoint) && !hasGlobalSteps(app.get(ApplicationConfig))) {
      route.handler = handlerOf(app.get<Record<string, Method>>(endpoint.controller), endpoint, route.url);
    }
  });
}

function isPlain({ controller, method }: Endpoint): boolean {
  const prototype = controller.prototype as Record<string, Method>;
  const handler = prototype[method]!;
  const marks = [...marksOf(handler), ...marksOf(controller).filter(isStep)];
  const readers = readersOf(prototype, method).filter(Boolean);
  const values = (Reflect.getMetadata('__routeArguments__', controller, method) ?? {}) as object;
  return marks.every((mark) => PLAIN.has(mark)) && Object.keys(values).length === readers.length;
}

function marksOf(target: object): string[] {
  return Reflect.getMetadataKeys(target) as string[];
}

function isStep(mark: string): boolean {
  return ['__guards__', '__pipes__', '__interceptors__', '__exceptionFilters__'].includes(mark);
}

function hasGlobalSteps(config: ApplicationConfig): boolean {
  const steps = [
    ...[config.getGlobalGuards(), config.getGlobalPipes(), config.getGlobalInterceptors()],
    ...[config.getGlobalRequestGuards(), config.getGlobalRequestPipes(), config.getGlobalRequestInterceptors()],
  ];
  return steps.some((list) => list.length > 0);
}

function handlerOf(controller: Record<string, Method>, { method }: Endpoint, url: string): Handler {
  const readers = readersOf(Object.getPrototypeOf(controller) as object, method);
  const parameters = [...url.matchAll(/:([^/]+)/g)].map(([, name]) => name!);
  return async (request, reply) => {
    const given = request.params as Record<string, string>;
    for (const name of parameters) if (given[name] === '') return reply.callNotFound();
    return readers.length === 1
      ? controller[method]!(readers[0]!(request))
      : controller[method]!(...readers.map((read: Reader) => read(request)));
  };
}
