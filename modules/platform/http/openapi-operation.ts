import { fieldsOf } from '#platform/commands/field-list';
import type { Schema } from '#platform/commands/fields';
import { schemaOf, schemaReference } from '#platform/commands/schema-of';
import type { AnswerShape, Endpoint } from './endpoint.js';
import { headers, parameterReferences, type HeaderName } from './openapi-headers.js';
import { AnswerSchema, ProblemSchema } from './openapi-schemas.js';
import { takesWishes } from './read-your-writes.js';
import { findProblem, type CataloguedProblem } from './problem-catalogue.js';

const ANY_ERRORS = ['invalid-input', 'rate-limited', 'store-unavailable', 'internal-error'];
/** Where a body may come, also where nothing in it is read. */
const BODY_ERRORS = ['malformed-json', 'body-too-large', 'unsupported-media-type'];
const COMMAND_ERRORS = [
  'invalid-header',
  'request-in-flight',
  'wrong-expected-revision',
  'stream-deleted',
  'precondition-failed',
  'event-too-large',
  'idempotency-key-reused',
  'sealed-input',
  'too-much-contention',
];

/** The OpenAPI operation of a route. */
export function operationOf(url: string, endpoint: Endpoint, method: string): Schema {
  const inPath = new Set([...url.matchAll(/:([^/]+)/g)].map(([, name]) => name!));
  const { summary, description } = endpoint;
  const tag = endpoint.controller.name.replace(/Controller$/, '');
  return {
    operationId: `${tag.charAt(0).toLowerCase()}${tag.slice(1)}_${endpoint.method}`,
    tags: [tag],
    summary,
    ...(description !== undefined && { description }),
    parameters: [
      ...fieldParameters(endpoint, inPath),
      ...(takesWishes(endpoint, method) ? parameterReferences('After', 'Wait') : []),
      ...headerParameters(endpoint),
    ],
    ...requestBody(endpoint, inPath),
    responses: { ...success(endpoint), ...failures(endpoint, method), default: anyOther() },
  };
}

function fieldParameters(endpoint: Endpoint, inPath: ReadonlySet<string>): Schema[] {
  const fields = endpoint.input ? fieldsOf(endpoint.input.type) : new Map<string, never>();
  const path = [...inPath].map((name) => ({
    name,
    in: 'path',
    required: true,
    schema: fields.get(name)?.schema ?? { type: 'string', minLength: 1 },
  }));
  if (endpoint.kind === 'command') return path;
  const query = [...fields].filter(([name]) => !inPath.has(name));
  return [
    ...path,
    ...query.map(([name, { schema, optional }]) => {
      const isText = ['string', 'integer', 'number', 'boolean', 'array'].includes(String(schema['type']));
      return {
        name,
        in: 'query',
        required: !optional,
        ...(isText ? { schema } : { content: { 'application/json': { schema } } }),
      };
    }),
  ];
}

function headerParameters(endpoint: Endpoint): Schema[] {
  if (endpoint.kind === 'query') {
    return parameterReferences(
      ...(endpoint.revised ? (['IfNoneMatchTag', 'Traceparent'] as const) : (['Traceparent'] as const)),
    );
  }
  if (endpoint.starts) return parameterReferences('Traceparent');
  return parameterReferences(
    'IdempotencyKey',
    ...(endpoint.answer ? [] : (['IfMatch'] as const)),
    ...(endpoint.creates ? (['IfNoneMatch'] as const) : []),
    ...(['CorrelationId', 'Traceparent', 'Reason', 'OccurredAt'] as const),
  );
}

function requestBody(endpoint: Endpoint, inPath: ReadonlySet<string>): Schema {
  if (endpoint.kind === 'query' || !endpoint.input) return {};
  const { type, body } = endpoint.input;
  const field = body === undefined ? undefined : fieldsOf(type).get(body);
  const schema = field ? field.schema : schemaOf(type, inPath);
  if (!field && Object.keys(schema['properties'] as object).length === 0) return {};
  const required = field ? !field.optional : 'required' in schema;
  const media = endpoint.consumes ?? ['application/json'];
  return { requestBody: { required, content: Object.fromEntries(media.map((name) => [name, { schema }])) } };
}

function success(endpoint: Endpoint): Schema {
  if (endpoint.kind === 'command') {
    const schema = shape(endpoint.answer ?? AnswerSchema);
    const names: HeaderName[] = endpoint.answer ? [] : ['ETag', 'Perdure-Position'];
    if (endpoint.starts) {
      return {
        202: { description: 'The work has been noted, durably.', headers: headers('Location'), ...json(schema) },
      };
    }
    return {
      200: {
        description: 'Done, durably.',
        headers: { ...headers(...names), ...batchHeaders(endpoint) },
        ...json(schema),
      },
      ...(endpoint.creates && {
        201: { description: 'Created, durably.', headers: headers(...names, 'Location'), ...json(schema) },
      }),
    };
  }
  const one = shape(endpoint.answer);
  const page = {
    type: 'object',
    properties: { items: { type: 'array', items: one }, next: { type: 'string' } },
    required: ['items'],
    additionalProperties: false,
  };
  const texts = (endpoint.alsoProduces ?? []).map((media) => [media, { schema: { type: 'string' } }] as const);
  const content = {
    content: { ...json(endpoint.paged ? page : one, endpoint.produces)['content']!, ...Object.fromEntries(texts) },
  };
  const names: HeaderName[] = endpoint.paged ? ['Link'] : endpoint.revised ? ['ETag'] : [];
  const others = Object.entries(endpoint.alsoAnswers ?? {}).map(([status, description]) => [
    status,
    { description, headers: headers(), ...content },
  ]);
  return {
    200: { description: 'The answer.', headers: headers(...names), ...content },
    ...(endpoint.revised && { 304: { description: 'The client has it already.', headers: headers('ETag') } }),
    ...(Object.fromEntries(others) as Schema),
  };
}

/** Unlike that of one command, the header is not there where all commands were refused. */
function batchHeaders(endpoint: Endpoint): Schema {
  if (endpoint.kind !== 'command' || !endpoint.batch || !endpoint.answer) return {};
  const description = 'Place of the last event of all these commands in the global order.';
  return { 'Perdure-Position': { description, schema: { type: 'string' } } };
}

function failures(endpoint: Endpoint, method: string): Schema {
  const codes = [
    ...ANY_ERRORS,
    ...(takesBody(method) ? BODY_ERRORS : []),
    ...(endpoint.kind === 'command' ? COMMAND_ERRORS : endpoint.reads ? ['projection-behind'] : []),
    ...(endpoint.errors ?? []),
  ];
  const byStatus = Map.groupBy(
    codes.map((code) => findProblem(code)!),
    ({ status }) => status,
  );
  const taken = endpoint.kind === 'query' ? Object.keys(endpoint.alsoAnswers ?? {}) : [];
  return Object.fromEntries(
    [...byStatus]
      .filter(([status]) => !taken.includes(String(status)))
      .map(([status, problems]) => [status, failure(problems)]),
  );
}

function takesBody(method: string): boolean {
  return method !== 'GET' && method !== 'HEAD';
}

function failure(problems: readonly CataloguedProblem[], description = ''): Schema {
  const status = problems[0]?.status;
  const names: HeaderName[] = status === 429 || status === 503 ? ['Retry-After'] : [];
  return {
    description: description || problems.map(({ code, title }) => `\`${code}\`: ${title}.`).join('\n'),
    headers: headers(...names),
    ...json(schemaReference(ProblemSchema), 'application/problem+json'),
  };
}

function anyOther(): Schema {
  const other = failure([], 'Any other problem.');
  return { ...other, headers: headers('Allow') };
}

function shape(answer: AnswerShape): Schema {
  return typeof answer === 'function' ? schemaReference(answer) : answer;
}

function json(schema: Schema, media = 'application/json'): Schema {
  return { content: { [media]: { schema } } };
}
