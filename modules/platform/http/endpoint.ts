import { applyDecorators, HttpCode } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { Schema } from '#platform/commands/fields';
import { inputOf, type Input } from './input.js';

/** What an answer looks like: a class with decorated fields, or a JSON Schema where its fields are free. */
export type AnswerShape = (new () => object) | Schema;

interface EndpointOptions {
  /** What it does, in a few words; the endpoint's headline in the reference. */
  readonly summary: string;
  readonly description?: string;
  /** Codes of the catalogue that are this endpoint's own; those that any endpoint may answer with are added. */
  readonly errors?: readonly string[];
}

export interface CommandEndpointOptions extends EndpointOptions {
  /** The command may create its object: 201 with `Location`, which is this URL: /api/v1/tasks/:id. */
  readonly creates?: string;
  /** What is answered, where that is not where the object stands now. */
  readonly answer?: AnswerShape;
  /** The work goes on after the answer: 202 with `Location`, which is this URL: /api/v1/operations/:id. Goes with `answer`. */
  readonly starts?: string;
  /** The body may be as large as `PERDURE_MAX_BATCH_BYTES`. */
  readonly batch?: boolean;
  /** Media types of the body; default JSON. */
  readonly consumes?: readonly string[];
}

export interface QueryEndpointOptions extends EndpointOptions {
  readonly answer: AnswerShape;
  /** The answer is a page of such answers: `{ items, next? }` with `Link: rel="next"`. */
  readonly paged?: boolean;
  /** The method returns `revised(…)`: the answer has an `ETag`, and a client that has it already gets 304. */
  readonly revised?: boolean;
  /** Media type of the answer; default JSON. */
  readonly produces?: string;
  /** Media types of texts that it may answer instead, where that is asked for. */
  readonly alsoProduces?: readonly string[];
  /**
   * Names of the projections whose read models the answer comes from: what `?after=` waits for. None where it comes from the streams
   * themselves, which are always up to date.
   */
  readonly reads?: readonly string[];
  /** Statuses beside 200 that come with the same kind of answer. */
  readonly alsoAnswers?: Readonly<Record<number, string>>;
}

/** The controller's method that an endpoint is. */
interface Origin {
  readonly controller: abstract new (...dependencies: never[]) => object;
  readonly method: string;
  readonly input?: Input;
}

/** Everything the platform knows about an endpoint: it answers and documents it by this. */
export type Endpoint = Origin &
  (({ readonly kind: 'command' } & CommandEndpointOptions) | ({ readonly kind: 'query' } & QueryEndpointOptions));

/**
 * A method that carries out a command and returns its `Answer`, which becomes status 200 or 201, `ETag`, `Perdure-Position` and
 * `Location`.
 */
export function CommandEndpoint(options: CommandEndpointOptions): MethodDecorator {
  return endpoint((origin) => ({ kind: 'command', ...origin, ...options }));
}

/** A method that answers a query. */
export function QueryEndpoint(options: QueryEndpointOptions): MethodDecorator {
  return endpoint((origin) => ({ kind: 'query', ...origin, ...options }));
}

function endpoint(describe: (origin: Origin) => Endpoint): MethodDecorator {
  return (prototype, method, descriptor) => {
    const origin = {
      controller: prototype.constructor as Origin['controller'],
      method: String(method),
      input: inputOf(prototype, method),
    };
    applyDecorators(HttpCode(200), RouteConfig({ endpoint: describe(origin) }))(prototype, method, descriptor);
  };
}

declare module 'fastify' {
  interface FastifyContextConfig {
    endpoint?: Endpoint;
  }
}
