import fc from 'fast-check';
import type { DocumentedApi, DocumentedOperation } from './documented-api.js';
import { BAD_BODIES, BAD_HEADERS, BAD_JSON, BAD_TEXTS } from './bad-values.js';
import type { GoodRequest } from './made.js';
import type { RawRequest } from './raw-http.js';
import { requestOf } from './request-of.js';

const METHODS = ['GET', 'PUT', 'POST', 'PATCH', 'DELETE', 'TRACE', 'PROPFIND'];
const JSON_TYPE = { 'content-type': 'application/json' };
/** A wish that is granted makes the request wait. */
const SLOW = ['wait'];

/** So many of each kind; the same ones for the same seed. */
export class BadRequests {
  constructor(
    private readonly api: DocumentedApi,
    private readonly seed: number,
    private readonly runs: number,
  ) {}

  /** The good request with one thing after the other made bad, or at least odd: some of them may well be answered. */
  *of(operation: DocumentedOperation, good: GoodRequest): Generator<RawRequest> {
    const request = requestOf(operation, good);
    yield* this.#withOtherPaths(operation, good);
    yield* this.#withOtherQueries(operation, request);
    if (operation.body) yield* this.#withOtherBodies(operation.body, good, request);
    else yield* this.#some(BAD_BODIES, 2).map((body) => ({ ...request, body, headers: JSON_TYPE }));
    for (const [name, value] of this.#some(BAD_HEADERS, 2)) {
      yield { ...request, headers: { ...request.headers, [name]: value } };
    }
  }

  /** The good request with methods that its path does not have. */
  otherMethods(operation: DocumentedOperation, good: GoodRequest): RawRequest[] {
    const request = requestOf(operation, good);
    const [path] = request.path.split('?') as [string];
    const here = this.api.operations.filter((other) => patternOf(other.path).test(path)).map(({ method }) => method);
    return METHODS.filter((method) => !here.includes(method)).map((method) => ({ method, path }));
  }

  *#withOtherPaths(operation: DocumentedOperation, good: GoodRequest): Generator<RawRequest> {
    for (const { name } of operation.parameters.filter((parameter) => parameter.in === 'path')) {
      for (const text of this.#some(BAD_TEXTS)) {
        // Without its last part, the path is that of the list.
        if (text === '' && operation.path.endsWith(`{${name}}`)) continue;
        const path = operation.path.replace(`{${name}}`, () => text);
        yield requestOf({ ...operation, path }, good);
      }
    }
  }

  *#withOtherQueries(operation: DocumentedOperation, request: RawRequest): Generator<RawRequest> {
    const [path, query = ''] = request.path.split('?') as [string, string?];
    const names = operation.parameters.filter((parameter) => parameter.in === 'query').map(({ name }) => name);
    const others = query.split('&').filter((pair) => pair !== '');
    for (const name of names.filter((each) => !SLOW.includes(each))) {
      const rest = others.filter((pair) => !pair.startsWith(`${name}=`));
      for (const text of this.#some(BAD_TEXTS)) {
        yield { ...request, path: `${path}?${[...rest, `${name}=${text}`].join('&')}` };
      }
      yield { ...request, path: `${path}?${[...others, `${name}=1`, `${name}=2`].join('&')}` };
      yield { ...request, path: `${path}?${[...rest, `${name}[]=1`, `${name}[a]=1`].join('&')}` };
    }
    for (const extra of [
      'unheard-of=1',
      '__proto__=1',
      'constructor=1',
      'toString',
      '=',
      '%00=%00',
      '%=%',
      'wait=-1',
      'wait=31s',
    ]) {
      yield { ...request, path: `${path}?${[...others, extra].join('&')}` };
    }
  }

  *#withOtherBodies(schema: object, good: GoodRequest, request: RawRequest): Generator<RawRequest> {
    const headers = { ...request.headers, ...JSON_TYPE };
    for (const body of this.#some(BAD_BODIES, 2)) yield { ...request, headers, body };
    yield { ...request, headers: { 'content-type': 'text/plain' }, body: '{}' };
    yield { ...request, headers: {}, body: JSON.stringify(good.body ?? {}) };
    const fields = (good.body ?? {}) as Record<string, unknown>;
    for (const [pointer, text] of this.#replacements(schema, fields)) {
      yield { ...request, headers, body: written(fields, pointer, text) };
    }
    for (const name of Object.keys(fields)) {
      const { [name]: _, ...rest } = fields;
      yield { ...request, headers, body: JSON.stringify(rest) };
    }
  }

  /** Every field that the schema or the good body has, two levels down, with another value. */
  *#replacements(schema: object, fields: Record<string, unknown>): Generator<[pointer: string[], text: string]> {
    const known = (this.api.resolved(schema as Record<string, unknown>)['properties'] ?? {}) as Record<string, object>;
    for (const name of new Set([...Object.keys(known), ...Object.keys(fields), 'unheardOf', '__proto__'])) {
      for (const text of this.#some(BAD_JSON)) yield [[name], text];
      const inner = this.api.resolved((known[name] ?? {}) as Record<string, unknown>)['properties'] ?? {};
      const value = fields[name];
      const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
      for (const below of new Set([...Object.keys(inner), ...(isObject ? Object.keys(value) : [])])) {
        for (const text of this.#some(BAD_JSON)) yield [[name, below], text];
      }
    }
  }

  #salt = 0;

  #some<Value>(values: fc.Arbitrary<Value>, times = 1): Value[] {
    return fc.sample(values, { seed: this.seed + this.#salt++, numRuns: this.runs * times });
  }
}

function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`);
}

/** The object as JSON, with this text in the place of the field's value. */
function written(fields: Record<string, unknown>, [name, ...below]: string[], text: string): string {
  const rest = Object.entries(fields).filter(([each]) => each !== name);
  const value = below.length === 0 ? text : written((fields[name!] ?? {}) as Record<string, unknown>, below, text);
  const members = rest.map(([each, other]) => `${JSON.stringify(each)}:${JSON.stringify(other)}`);
  return `{${[...members, `${JSON.stringify(name)}:${value}`].join(',')}}`;
}
