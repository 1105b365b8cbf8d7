import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Actor } from '#kernel/event';

/** For whom and in which tenant a request acts. */
export interface Caller {
  readonly tenant: string;
  readonly actor: Actor;
}

const ANYONE: Caller = { tenant: 'main', actor: { type: 'anonymous', id: 'anonymous' } };

/** The one place where a request gets its tenant and its actor. There is no authentication yet: everyone is anonymous. */
export function callerOf(_request: FastifyRequest): Caller {
  return ANYONE;
}

/** The tenant that a query is asked in, as a parameter of a controller's method. */
export const Tenant = createParamDecorator(
  (_: unknown, context: ExecutionContext) => callerOf(context.getArgByIndex<FastifyRequest>(0)).tenant,
);
