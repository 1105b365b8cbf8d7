import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { RawAnswer } from './raw-http.js';

type Schema = Readonly<Record<string, unknown>>;

interface Content {
  readonly schema: Schema;
}

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly schema?: Schema;
  readonly content?: Readonly<Record<string, Content>>;
}

interface Response {
  readonly description: string;
  readonly headers?: Readonly<Record<string, Schema>>;
  readonly content?: Readonly<Record<string, Content>>;
}

interface Described {
  readonly operationId: string;
  readonly parameters?: readonly (Parameter | { readonly $ref: string })[];
  readonly requestBody?: { readonly content: Readonly<Record<string, Content>> };
  readonly responses: Readonly<Record<string, Response>>;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>;
  readonly components: Readonly<Record<'parameters' | 'headers' | 'schemas', Readonly<Record<string, Schema>>>>;
}

/** An operation of an OpenAPI document, with what its references lead to. */
export interface DocumentedOperation {
  readonly id: string;
  readonly method: string;
  /** Such as /api/v1/things/{noun}. */
  readonly path: string;
  readonly parameters: readonly Parameter[];
  /** Schema of the body, where there is one. */
  readonly body?: Schema;
  readonly responses: Readonly<Record<string, Response>>;
}

/** What a server says of itself in its OpenAPI document, and whether an answer is what it says. */
export class DocumentedApi {
  readonly operations: readonly DocumentedOperation[];
  readonly #ajv = new Ajv2020({ strict: false, allErrors: false, validateFormats: true });
  readonly #validators = new WeakMap<object, ValidateFunction>();

  constructor(private readonly document: Document) {
    addFormats.default(this.#ajv);
    this.#ajv.addSchema({ $id: 'api', components: document.components });
    this.operations = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, described]) => this.#operation(path, method, described)),
    );
  }

  #operation(path: string, method: string, described: Described): DocumentedOperation {
    const parameters = (described.parameters ?? []).map((parameter) =>
      '$ref' in parameter ? (this.#component(parameter.$ref) as unknown as Parameter) : parameter,
    );
    return {
      id: described.operationId,
      method: method.toUpperCase(),
      path,
      parameters,
      body: Object.values(described.requestBody?.content ?? {})[0]?.schema,
      responses: described.responses,
    };
  }

  #component(reference: string): Schema {
    const [, , kind, name] = reference.split('/') as [string, string, keyof Document['components'], string];
    return this.document.components[kind][name]!;
  }

  /** The schema that a reference leads to. */
  resolved(schema: Schema): Schema {
    const reference = schema['$ref'];
    return typeof reference === 'string' ? this.#component(reference) : schema;
  }

  /** What is wrong with the answer of the operation; nothing where it is as documented. */
  deviation({ responses }: DocumentedOperation, { status, headers, text }: RawAnswer): string | undefined {
    const response = responses[status];
    if (!response) return `status ${status} is not documented: ${text.slice(0, 300)}`;
    for (const [name, reference] of Object.entries(response.headers ?? {})) {
      const { required, schema } = this.resolved(reference) as { required?: boolean; schema: Schema };
      const value = headers[name.toLowerCase()];
      if (value === undefined && required) return `${status} has no ${name}`;
      const wrong = value === undefined ? undefined : this.#violation(schema, value);
      if (wrong) return `${status} has ${name}: ${String(value)}: ${wrong}`;
    }
    if (!response.content) return text === '' ? undefined : `${status} has a body: ${text.slice(0, 300)}`;
    const type = String(headers['content-type']).split(';')[0]!;
    const content = response.content[type];
    if (!content) return `${status} is ${type}, not ${Object.keys(response.content).join(' or ')}`;
    const wrong = this.#violation(content.schema, /[/+]json$/.test(type) ? JSON.parse(text) : text);
    return wrong && `${status} has another body: ${wrong} in ${text.slice(0, 500)}`;
  }

  #violation(schema: Schema, value: unknown): string | undefined {
    let validate = this.#validators.get(schema);
    if (!validate) {
      const local = JSON.parse(JSON.stringify(schema).replaceAll('"#/components/', '"api#/components/')) as Schema;
      this.#validators.set(schema, (validate = this.#ajv.compile(local)));
    }
    if (validate(value)) return undefined;
    return validate.errors!.map(({ instancePath, message }) => `${instancePath} ${message}`).join('; ');
  }
}

/** Codes of problems that the operation is documented to be refused with. */
export function documentedCodes({ responses }: DocumentedOperation): Set<string> {
  const problems = Object.entries(responses).filter(([status]) => Number(status) >= 400);
  return new Set(
    problems.flatMap(([, { description }]) => [...description.matchAll(/^`([\w-]+)`/gm)].map(([, code]) => code!)),
  );
}
