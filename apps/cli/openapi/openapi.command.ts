import { Command, Option } from 'nest-commander';
import { PerdureCommand } from '../perdure-command.js';
import type { OpenApiRequest } from './openapi.js';

@Command({ name: 'openapi', description: 'print the OpenAPI document of the API' })
export class OpenApiCommand extends PerdureCommand {
  @Option({ flags: '--output <file>', description: 'write it to a file' })
  output(file: string): string {
    return file;
  }

  @Option({ flags: '--check <file>', description: 'only say whether the file is up to date' })
  check(file: string): string {
    return file;
  }

  override async run(_: string[], request: OpenApiRequest): Promise<void> {
    await (await import('./openapi.js')).openapi(request);
  }
}
