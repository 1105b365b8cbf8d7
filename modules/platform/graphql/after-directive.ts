import type { FastifyRequest } from 'fastify';
import {
  DirectiveLocation,
  type ExecutionArgs,
  getDirectiveValues,
  getOperationAST,
  GraphQLDirective,
  GraphQLNonNull,
  GraphQLString,
} from 'graphql';
import { wishOf } from '#platform/http/read-your-writes';
import { DEFAULT_WAIT, type ProjectionWaits } from '#platform/projecting/waiting/projection-waits';
import type { CaughtUp } from './graphql-context.js';

/** On the operation, as Relay has arguments called `after` on its fields. */
export const AfterDirective = new GraphQLDirective({
  name: 'after',
  description: 'Answers when the views that the query reads have everything up to this position: your own writes.',
  locations: [DirectiveLocation.QUERY],
  args: {
    position: { type: new GraphQLNonNull(GraphQLString), description: 'The position of an answer to a mutation.' },
    wait: {
      type: GraphQLString,
      defaultValue: `${DEFAULT_WAIT / 1_000}s`,
      description:
        'Longest wait, such as 500ms or 2s; then the problem projection-behind tells how far behind they are.',
    },
  },
});

/**
 * How the fields of this operation wait for their projections: as the directive `@after` says, or else the parameters `after` and
 * `wait` of the URL. Throws InvalidInput.
 */
export function caughtUpFor(
  args: ExecutionArgs,
  request: FastifyRequest,
  waits: ProjectionWaits | undefined,
): CaughtUp {
  const operation = getOperationAST(args.document, args.operationName)!;
  const said = getDirectiveValues(AfterDirective, operation, args.variableValues ?? {});
  const { after: inUrl, wait: waitInUrl } = request.query as Record<string, string | string[]>;
  const asked = said ? { after: said['position'], wait: said['wait'] } : { after: inUrl, wait: waitInUrl };
  const given = Object.entries(asked).filter(([, value]) => value != null) as [string, string | string[]][];
  const { after, wait } = wishOf(Object.fromEntries(given));
  if (after === undefined || !waits) return async () => {};
  const { socket } = request.raw;
  return async (projections) => {
    const gone = new AbortController();
    const leave = (): void => gone.abort();
    socket.once('close', leave);
    try {
      await waits.reached(projections, after, { milliseconds: wait, signal: gone.signal });
    } finally {
      socket.off('close', leave);
    }
  };
}
