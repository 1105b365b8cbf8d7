import type { Schema } from '#platform/commands/fields';

const string = (rest: Schema = {}): Schema => ({ type: 'string', ...rest });

/** Headers of answers, as components. */
export const HEADERS = {
  ETag: {
    description: 'The revision, as a strong entity tag.',
    required: true,
    schema: string({ pattern: '^"\\d+"$' }),
  },
  'Perdure-Position': {
    description: 'Place of the last event in the global order.',
    required: true,
    schema: string(),
  },
  Location: { description: 'Where the new object is.', required: true, schema: string({ format: 'uri-reference' }) },
  Link: { description: 'The next page, as rel="next"; not there on the last one.', schema: string() },
  Allow: { description: 'With 405: the methods that the URL knows.', schema: string() },
  'Retry-After': { description: 'Seconds to wait.', required: true, schema: string({ pattern: '^\\d+$' }) },
  RateLimit: { description: 'What is left of the quota: r requests, whole again in t seconds.', schema: string() },
  'RateLimit-Policy': { description: 'The quota: q requests in w seconds.', schema: string() },
  'X-Request-Id': { description: 'The id that the request came with; log lines carry it too.', schema: string() },
} as const;

export type HeaderName = keyof typeof HEADERS;

export function headers(...names: HeaderName[]): Record<string, Schema> {
  const always: HeaderName[] = ['RateLimit', 'RateLimit-Policy', 'X-Request-Id'];
  return Object.fromEntries([...names, ...always].map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}

const requestHeader = (name: string, description: string, schema: Schema) => ({
  name,
  in: 'header',
  required: false,
  description,
  schema,
});

const queryParameter = (name: string, description: string, schema: Schema) => ({
  name,
  in: 'query',
  required: false,
  description,
  schema,
});

/** Headers of requests, and what every query takes, as components. */
export const PARAMETERS = {
  IdempotencyKey: requestHeader(
    'Idempotency-Key',
    'The same key again gives the same answer and changes nothing.',
    string({ minLength: 1, maxLength: 255, pattern: '^[!#-~][!-~]*$' }),
  ),
  IfMatch: requestHeader(
    'If-Match',
    'Only if the object is at this revision, or * if it exists at all.',
    string({ pattern: '^(\\*|"(0|[1-9][0-9]{0,14})")$' }),
  ),
  IfNoneMatch: requestHeader('If-None-Match', 'Only if the object does not exist.', string({ enum: ['*'] })),
  IfNoneMatchTag: requestHeader('If-None-Match', 'An ETag: 304 if it is still the present one.', string()),
  CorrelationId: requestHeader(
    'Correlation-Id',
    'The chain of requests that this one belongs to.',
    string({ minLength: 1, maxLength: 255, pattern: '^[!-~]+$' }),
  ),
  Traceparent: requestHeader('traceparent', 'W3C trace context; an invalid one is ignored.', string()),
  Reason: requestHeader(
    'Perdure-Reason',
    'Why: kept with every event of the command.',
    // Anything but control characters, with no space around it.
    string({
      minLength: 1,
      maxLength: 1_000,
      pattern: '^[^\\x00-\\x20\\x7f]([^\\x00-\\x08\\x0a-\\x1f\\x7f]*[^\\x00-\\x20\\x7f])?$',
    }),
  ),
  OccurredAt: requestHeader(
    'Perdure-Occurred-At',
    'When it happened, where that is not now.',
    string({ format: 'date-time' }),
  ),
  After: queryParameter(
    'after',
    'The Perdure-Position of an answer: what was written up to there is seen.',
    string({ pattern: '^(0|[1-9][0-9]{0,19})$' }),
  ),
  Wait: queryParameter(
    'wait',
    'How long to wait for that, 30s at most; then 503.',
    string({ pattern: '^(0|[0-9]{1,5}(ms|s))$', default: '2s' }),
  ),
} as const;

export function parameterReferences(...names: (keyof typeof PARAMETERS)[]): Schema[] {
  return names.map((name) => ({ $ref: `#/components/parameters/${name}` }));
}
