import { Option } from 'nest-commander';
import { CommandFailed } from '../exit-codes.js';
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
    description: 'the server',
    defaultValue: process.env['PERDURE_URL'] ?? 'http://localhost:3000',
  })
  url(url: string): string {
    if (!URL.canParse(url)) throw new CommandFailed(`--url ${url} is no URL. Write it like http://localhost:3000.`, 2);
    return url.replace(/\/+$/, '');
  }

  @Option({ flags: '--data <folder>', description: 'a store that no server has open, instead of a server' })
  data(folder: string): string {
    return folder;
  }

  @Option({ flags: '--json', description: 'write JSON, for programs' })
  json(): boolean {
    return true;
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
