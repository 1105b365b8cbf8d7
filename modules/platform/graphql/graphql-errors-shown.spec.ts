import { describe, expect, it } from '@jest/globals';
import type { FastifyRequest } from 'fastify';
import { GraphQLError } from 'graphql';
import { StoreUnavailable } from '#platform/event-store/event-store.errors';
import { shownError } from './graphql-errors-shown.js';

const logged: object[] = [];
const request = {
  id: 'r-1',
  url: '/graphql',
  method: 'POST',
  headers: {},
  log: { error: (line: object) => logged.push(line) },
} as unknown as FastifyRequest;

describe('an error of a field', () => {
  it('that was not foreseen is masked, and logged with the id of the request', () => {
    const originalError = new Error('a secret of the inside');
    const shown = shownError(new GraphQLError(originalError.message, { originalError, path: ['a', 0] }), request);
    expect(shown).toMatchObject({
      path: ['a', 0],
      extensions: { code: 'internal-error', status: 500, instance: '/graphql#r-1' },
    });
    expect(JSON.stringify(shown)).not.toContain('secret');
    expect(logged).toEqual([expect.objectContaining({ requestId: 'r-1', path: 'a.0', err: originalError })]);
  });

  it('that passes says when to try again', () => {
    const originalError = new StoreUnavailable('The disk is busy.');
    expect(shownError(new GraphQLError('x', { originalError }), request)).toMatchObject({
      message: 'The disk is busy.',
      extensions: { code: 'store-unavailable', status: 503, retryAfterSeconds: 1 },
    });
  });

  it('that GraphQL itself found is about the document', () => {
    expect(shownError(new GraphQLError('Unknown field.'), request)).toMatchObject({
      message: 'Unknown field.',
      extensions: { code: 'graphql-invalid', type: '/problems/graphql-invalid', status: 400 },
    });
  });
});
