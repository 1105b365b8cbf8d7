import { Option } from 'nest-commander';
import { serverAddress } from '../option-values.js';
import { PerdureCommand } from '../perdure-command.js';
import { Api } from './api.js';

/** Where a command works, and how it writes. */
export interface ApiOptions {
  readonly url: string;
  readonly data?: string;
  readonly json?: boolean;
}

/** A command that works on a running server or, with `--data`, on a store that no server has open. */
export abstract class ApiCommand extends PerdureCommand {
  @Option({
    flags: '--url <url>',
    description: 'the server (PERDURE_URL)',
    defaultValue: process.env['PERDURE_URL'] || 'http://localhost:3000',
  })
  url(text: string): string {
    return serverAddress(text);
  }

  @Option({ flags: '--data <folder>', description: 'a store that no server has open, instead of a server' })
  data(folder: string): string {
    return folder;
  }

  /** Does the work with the API that the options name, and leaves it as it was. */
  protected async withApi<T>({ url, data }: ApiOptions, work: (api: Api) => Promise<T>): Promise<T> {
    if (data === undefined) return work(new Api(url));
    const { serveStore } = await import('./own-server.js');
    const server = await serveStore(data);
    try {
      return await work(new Api(server.url));
    } finally {
      await server.close();
    }
  }
}
