import { type DynamicModule, Module, type Type } from '@nestjs/common';
import { GraphQLModule } from '@nestjs/graphql';
import { AfterDirective } from './after-directive.js';
import { commandMutations } from './command-mutations.js';
import { EventFeeds } from './event-feeds.js';
import { EventsResolver } from './events.resolver.js';
import { SchemaDriver } from './schema-driver.js';

/** The resolvers and the schema that Nest makes of them. Loaded when GraphQL is first asked for. */
@Module({})
export class LoadedGraphqlModule {
  static with(resolvers: readonly Type[]): DynamicModule {
    return {
      module: LoadedGraphqlModule,
      imports: [
        ...resolvers,
        GraphQLModule.forRoot({
          driver: SchemaDriver,
          // In memory: docs/schema.graphql is written by `npm run generate`.
          autoSchemaFile: true,
          buildSchemaOptions: { directives: [AfterDirective], noDuplicatedFields: true },
        }),
      ],
      providers: [...commandMutations(), EventFeeds, EventsResolver],
    };
  }
}
