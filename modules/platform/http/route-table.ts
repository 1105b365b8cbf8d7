import type { FastifyInstance } from 'fastify';
import type { Config } from '#platform/config/config';
import { shapeOf } from './answers.js';
import type { Endpoint } from './endpoint.js';
import { findProblem } from './problem-catalogue.js';

/** A route that the router really has. */
export interface Route {
  readonly method: string;
  /** With `:parameters`. */
  readonly url: string;
  readonly endpoint?: Endpoint;
}

/** All routes, as Fastify registers them: what is documented, and which methods a URL knows. */
export class RouteTable {
  readonly routes: Route[] = [];
  readonly #patterns = new Map<string, RegExp>();

  /** Watches the routes of this server and gives them what their endpoint's description asks for. */
  watch(fastify: FastifyInstance, config: Config): void {
    fastify.addHook('onRoute', (route) => {
      const endpoint = route.config?.endpoint;
      // CORS registers OPTIONS for everything, which says nothing about what there is.
      if (route.url === '*') return;
      for (const method of [route.method].flat()) this.routes.push({ method, url: route.url, endpoint });
      if (!endpoint) return;
      if (endpoint.kind === 'command' && endpoint.batch) route.bodyLimit = config.maxBatchBytes;
      const shape = shapeOf(endpoint);
      if (shape) route.preSerialization = shape;
    });
  }

  /** The methods that this path knows; none where there is no such path. */
  methodsOf(path: string): string[] {
    const methods = this.routes.filter(({ url }) => this.#pattern(url).test(path)).map(({ method }) => method);
    return methods.length === 0 ? [] : [...new Set([...methods, 'OPTIONS'])].sort();
  }

  /** Throws, with the line to add, where an endpoint names a problem that the catalogue does not have. */
  check(): void {
    for (const { method, url, endpoint } of this.routes) {
      for (const code of endpoint?.errors ?? []) {
        if (findProblem(code)) continue;
        throw new Error(
          `${method} ${url} may answer with the problem '${code}', which is not in the catalogue. ` +
            `Add defineProblems({ '${code}': { kind: …, title: …, cure: … } }) beside its error class.`,
        );
      }
    }
  }

  #pattern(url: string): RegExp {
    let pattern = this.#patterns.get(url);
    if (!pattern) {
      const source = url
        .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
        .replace(/:[^/]+/g, '[^/]+')
        .replaceAll('*', '.*');
      this.#patterns.set(url, (pattern = new RegExp(`^${source}$`)));
    }
    return pattern;
  }
}
