import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';

/** Makes a method's argument from the request. Throws domain errors. */
export type Reader = (request: FastifyRequest) => unknown;

const READERS = Symbol('readers');

/** The readers of a method's arguments, by place. Arguments of Nest's own are not among them. */
export function readersOf(prototype: object, method: string | symbol): readonly Reader[] {
  return (Reflect.getMetadata(READERS, prototype, method) ?? []) as Reader[];
}

/** A parameter decorator that both Nest and {@link readersOf} know. */
export function requestParameter(read: Reader): ParameterDecorator {
  return (prototype, method, index) => {
    const readers = [...readersOf(prototype, method!)];
    readers[index] = read;
    Reflect.defineMetadata(READERS, readers, prototype, method!);
    const decorate = createParamDecorator((_: unknown, context: ExecutionContext) => read(context.getArgByIndex(0)));
    decorate()(prototype, method, index);
  };
}
