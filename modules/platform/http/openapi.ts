import type { Schema } from '#platform/commands/fields';
import { namedSchemas, schemaOf } from '#platform/commands/schema-of';
import { HEADERS, PARAMETERS } from './openapi-headers.js';
import { ProblemSchema } from './openapi-schemas.js';
import { operationOf } from './openapi-operation.js';
import type { Route } from './route-table.js';

/** The OpenAPI 3.1 document of these routes: what the router has is what is documented. */
export function openApiDocument(routes: readonly Route[], version: string): Schema {
  const paths: Record<string, Record<string, Schema>> = {};
  for (const { method, url, endpoint } of routes) {
    // Fastify adds a HEAD for every GET.
    if (!endpoint || method === 'HEAD') continue;
    const path = (paths[url.replace(/:([^/]+)/g, '{$1}')] ??= {});
    path[method.toLowerCase()] = operationOf(url, endpoint, method);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Perdure',
      version,
      description: 'A backend in which everything that lasts is a durable object with one stream of events.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    // There is no authentication yet.
    security: [],
    paths,
    components: { schemas: { ...namedSchemas(), ...openSchemas() }, headers: HEADERS, parameters: PARAMETERS },
  };
}

/** Problems have members of their own beside those of all, by their code (RFC 9457, section 3.2). */
function openSchemas(): Record<string, Schema> {
  return { [ProblemSchema.name]: { ...schemaOf(ProblemSchema), additionalProperties: true } };
}
