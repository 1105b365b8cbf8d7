import { fieldsOf } from '#platform/commands/field-list';
import type { Endpoint } from './endpoint.js';

/**
 * Throws, with the line to change, where a query names a projection that nobody runs, or declares a parameter that every query has.
 * Without `known` the application has no projections at all, as a part of it in a test.
 */
export function checkReads(endpoint: Extract<Endpoint, { kind: 'query' }>, known?: readonly string[]): void {
  const where = `${endpoint.controller.name}.${endpoint.method}`;
  const unknown = known && endpoint.reads?.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new Error(
      `${where} reads '${unknown}', which no projection is called. Correct its "reads", or add the projection. Known: ${known!.join(', ')}.`,
    );
  }
  const taken = endpoint.input && ['after', 'wait'].find((name) => fieldsOf(endpoint.input!.type).has(name));
  if (taken !== undefined) {
    throw new Error(`${where} has a parameter '${taken}', which means the same for every query: give it another name.`);
  }
}
