import type { FastifyRequest } from 'fastify';
import type { Actor } from '#kernel/event';
import { requestParameter } from './request-parameter.js';

/** For whom and in which tenant a request acts. */
export interface Caller {
  readonly tenant: string;
  readonly actor: Actor;
}

const ANYONE: Caller = { tenant: 'main', actor: { type: 'anonymous', id: 'anonymous' } };

/** The one place where a request gets its tenant and its actor. There is no authentication yet: everyone is anonymous. */
export const callerOf: (request: FastifyRequest) => Caller = () => ANYONE;

/** The tenant that a query is asked in, as a parameter of a controller's method. */
export const Tenant = (): ParameterDecorator => requestParameter((request) => callerOf(request).tenant);
