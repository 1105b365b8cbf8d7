import { type DynamicModule, Module } from '@nestjs/common';
import { GraphqlEndpoint, RESOLVER_MODULES, type ResolverModules } from './graphql-endpoint.js';

/** GraphQL at /graphql, and its schema at /schema.graphql. */
@Module({})
export class GraphqlModule {
  static with(resolvers: ResolverModules): DynamicModule {
    return {
      module: GraphqlModule,
      providers: [{ provide: RESOLVER_MODULES, useValue: resolvers }, GraphqlEndpoint],
    };
  }
}
