import { Command, Option } from 'nest-commander';
import { PerdureCommand } from '../perdure-command.js';
import type { OpenApiRequest } from './openapi.js';

/** A document that follows from the code. */
abstract class DocumentCommand extends PerdureCommand {
  @Option({ flags: '--output <file>', description: 'write it to a file' })
  output(file: string): string {
    return file;
  }

  @Option({ flags: '--check <file>', description: 'only say whether the file is up to date' })
  check(file: string): string {
    return file;
  }
}

@Command({ name: 'openapi', description: 'print the OpenAPI document of the API, which is JSON' })
export class OpenApiCommand extends DocumentCommand {
  override async run(_: string[], request: OpenApiRequest): Promise<void> {
    await (await import('./openapi.js')).openapi(request);
  }
}

@Command({ name: 'graphql-schema', description: 'print the GraphQL schema of the API' })
export class GraphqlSchemaCommand extends DocumentCommand {
  override async run(_: string[], request: OpenApiRequest): Promise<void> {
    await (await import('./openapi.js')).graphqlSchema(request);
  }
}
