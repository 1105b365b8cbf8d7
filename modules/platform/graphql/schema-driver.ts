import { Injectable } from '@nestjs/common';
import { AbstractGraphQLDriver } from '@nestjs/graphql';

/**
 * Takes the schema that Nest makes of the resolvers and leaves the serving to `GraphqlService`: by graphql-http, whose answers are
 * what the GraphQL over HTTP audit expects, on a route that Fastify knew before the schema was there.
 */
@Injectable()
export class SchemaDriver extends AbstractGraphQLDriver {
  override async start(): Promise<void> {}

  override async stop(): Promise<void> {}
}
