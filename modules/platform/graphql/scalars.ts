import { GraphQLError, GraphQLScalarType, Kind, type ValueNode, valueFromASTUntyped } from 'graphql';
import type { Json } from '#kernel/json';
import { isTimestamp } from '#platform/commands/timestamp';

/** A whole number that JSON carries exactly; GraphQL's own Int ends at 2^31 - 1. */
export const SafeInt = new GraphQLScalarType<number, number>({
  name: 'SafeInt',
  description: 'A whole number from -(2^53 - 1) to 2^53 - 1.',
  serialize: (value) => safeInteger(value),
  parseValue: (value) => safeInteger(value),
  parseLiteral: (node) => safeInteger(node.kind === Kind.INT ? Number(node.value) : undefined),
});

/** A moment; it stays the text that was given. */
export const DateTime = new GraphQLScalarType<string, string>({
  name: 'DateTime',
  description: 'A moment with its offset from UTC (RFC 3339), such as 2026-01-31T09:30:00Z.',
  specifiedByURL: 'https://datatracker.ietf.org/doc/html/rfc3339',
  serialize: (value) => (typeof value === 'number' ? new Date(value).toISOString() : timestamp(value)),
  parseValue: (value) => timestamp(value),
  parseLiteral: (node) => timestamp(node.kind === Kind.STRING ? node.value : undefined),
});

/** Any JSON value. */
export const JsonScalar = new GraphQLScalarType<Json, Json>({
  name: 'JSON',
  description: 'Any JSON value, as it is.',
  specifiedByURL: 'https://datatracker.ietf.org/doc/html/rfc8259',
  serialize: (value) => value as Json,
  parseValue: (value) => value as Json,
  parseLiteral: (node: ValueNode, variables) => valueFromASTUntyped(node, variables) as Json,
});

function safeInteger(value: unknown): number {
  if (Number.isSafeInteger(value)) return value as number;
  throw new GraphQLError('Must be a whole number from -(2^53 - 1) to 2^53 - 1.');
}

function timestamp(value: unknown): string {
  if (isTimestamp(value)) return value;
  throw new GraphQLError('Must be a moment with its offset from UTC, such as 2026-01-31T09:30:00Z.');
}
