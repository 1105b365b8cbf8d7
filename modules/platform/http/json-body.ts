import { isUtf8 } from 'node:buffer';
import type { FastifyInstance } from 'fastify';
import { HttpFault } from './http-fault.js';

const MEDIA_TYPES = ['application/json', 'application/merge-patch+json'];

/**
 * The only bodies that are read: JSON in UTF-8. Fastify's own parser (secure-json-parse) refuses keys that would change a
 * prototype; it is wrapped, as it reads broken UTF-8 as replacement characters and refuses an empty body.
 */
export function acceptJsonOnly(fastify: FastifyInstance): void {
  const parse = fastify.getDefaultJsonParser('error', 'error');
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser<Buffer>(MEDIA_TYPES, { parseAs: 'buffer' }, (request, body, done) => {
    if (body.length === 0) return done(null, undefined);
    if (!isPlain(request.headers['content-encoding'])) return done(packed(), undefined);
    if (!isUtf8(body)) return done(malformed('The body is not UTF-8.'), undefined);
    void parse(request, body.toString('utf8'), (error, value) => {
      if (error) done(malformed(whatIsWrong(body)), undefined);
      else done(null, value);
    });
  });
}

function isPlain(encoding: string | undefined): boolean {
  return encoding === undefined || encoding.toLowerCase() === 'identity';
}

function packed(): HttpFault {
  return new HttpFault('unsupported-media-type', 'The body has a Content-Encoding. Send it as it is.');
}

/** Fastify says the same of everything that it refuses. */
function whatIsWrong(body: Buffer): string {
  try {
    JSON.parse(body.toString('utf8'));
  } catch (error) {
    return `The body is not JSON: ${(error as SyntaxError).message}.`;
  }
  return "The body has a key '__proto__', or 'prototype' in 'constructor', which would change what objects are. Rename it.";
}

function malformed(detail: string): HttpFault {
  return new HttpFault('malformed-json', detail);
}
