import type { FastifyRequest } from 'fastify';
import { type CommandClass, Command as CommandObject } from '#kernel/command';
import { InvalidInput } from '#kernel/errors';
import { build, buildFromText, checkerOf, type Locate } from '#platform/commands/validate';
import { enclose } from '#platform/dispatch/envelope';
import { envelopeOf } from './envelope-of.js';
import { requestParameter } from './request-parameter.js';

type Class = new () => object;

/** Where the fields of an endpoint's input come from; documentation is made from it. */
export interface Input {
  readonly type: Class;
  /** The one field that the whole body goes into, where it is not the body's fields that are the command's. */
  readonly body?: string;
}

const INPUT = Symbol('input');
const taken = new Set<CommandClass>();

/** The commands that endpoints take: each must have an object type that decides it. */
export const commandsTaken: ReadonlySet<CommandClass> = taken;

/** The input that a controller's method declares, if it does. */
export function inputOf(prototype: object, method: string | symbol): Input | undefined {
  return Reflect.getMetadata(INPUT, prototype, method) as Input | undefined;
}

/**
 * The command that the request asks for: built from the path's parameters and the JSON body, validated, and enclosed with
 * what the headers say. With `body` the whole body becomes that field.
 *
 * @example
 * @Post(':taskId/complete')
 * @CommandEndpoint({ summary: 'Complete a task', errors: ['task-not-found'] })
 * complete(@Command() command: CompleteTask) {
 *   return this.commands.execute(command);
 * }
 */
export const Command = ({ body }: { body?: string } = {}): ParameterDecorator =>
  typedParameter(body === undefined ? {} : { body }, (type, request) =>
    enclose(commandOf(type, body, request), envelopeOf(request)),
  );

/** The JSON body alone, in a class with decorated fields: for what is not a command itself. */
export const JsonBody = (): ParameterDecorator => typedParameter({}, (type, request) => build(type, request.body));

/** The parameters of a query: those of the path and of the query string, in a class with decorated fields. */
export const Parameters = (): ParameterDecorator =>
  typedParameter({}, (type, request) => {
    const path = request.params as Record<string, string>;
    const query = request.query as Record<string, string | string[]>;
    const inBoth = Object.keys(query).find((field) => Object.hasOwn(path, field));
    if (inBoth !== undefined) {
      throw new InvalidInput([{ pointer: `/query/${inBoth}`, detail: 'Stands in the path already. Leave it out.' }]);
    }
    return buildFromText(type, { ...query, ...path }, (field) =>
      Object.hasOwn(path, field) ? `/path/${field}` : `/query/${field}`,
    );
  });

function typedParameter(
  rest: Omit<Input, 'type'>,
  read: (type: Class, request: FastifyRequest) => unknown,
): ParameterDecorator {
  return (prototype, method, index) => {
    const types = Reflect.getMetadata('design:paramtypes', prototype, method!) as Class[];
    const type = types[index]!;
    if (type === Object) {
      throw new Error(`${prototype.constructor.name}.${String(method)}: import the class of the input, not its type.`);
    }
    if (type.prototype instanceof CommandObject) taken.add(type);
    Reflect.defineMetadata(INPUT, { type, ...rest } satisfies Input, prototype, method!);
    requestParameter((request) => read(type, request))(prototype, method, index);
  };
}

function commandOf(type: new () => CommandObject, bodyField: string | undefined, request: FastifyRequest) {
  const path = request.params as Record<string, string>;
  const body = request.body ?? undefined;
  const locate: Locate = (field) => {
    if (Object.hasOwn(path, field)) return `/path/${field}`;
    return field === bodyField ? '' : `/${field.replaceAll('~', '~0').replaceAll('/', '~1')}`;
  };
  if (bodyField !== undefined) return build(type, { ...inPath(type, path), [bodyField]: body }, locate);
  if (body === undefined) return build(type, inPath(type, path), locate);
  if (typeof body !== 'object' || Array.isArray(body)) return build(type, body);
  return build(type, merged(body, inPath(type, path)), locate);
}

/** The path's parameters that are fields; others are the controller's own matter. */
function inPath(type: Class, path: Record<string, string>): Record<string, unknown> {
  return checkerOf(type).fromTexts(path);
}

function merged(body: object, path: Record<string, unknown>): Record<string, unknown> {
  // A spread defines fields; it never runs a setter, not even that of __proto__.
  const fields: Record<string, unknown> = { ...body, ...path };
  for (const field of Object.keys(path)) {
    const other = (body as Record<string, unknown>)[field];
    if (other !== undefined && other !== path[field]) {
      const detail = `Differs from the URL, which says ${JSON.stringify(path[field])}. Leave it out of the body.`;
      throw new InvalidInput([{ pointer: `/${field}`, detail }]);
    }
  }
  return fields;
}
