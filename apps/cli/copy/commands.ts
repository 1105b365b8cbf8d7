import { InvalidArgumentError } from 'commander';
import { Command, Help, Option } from 'nest-commander';
import { PerdureCommand } from '../perdure-command.js';
import type { Stores } from './between-stores.js';

const EXAMPLES = `
A store is sqlite:<file> or esdb://<host>:<port>. A SQLite file is open to one process only: stop its server, or start the
server with PERDURE_EVENTSTOREDB_PORT=2113 and copy from esdb://localhost:2113?tls=false while it goes on.
Only events move: read models are rebuilt from them at the other end.

Examples:
  perdure copy --from sqlite:./data/perdure.db --to 'esdb://localhost:2113?tls=false'
  perdure compare --from sqlite:./data/perdure.db --to sqlite:./copy/perdure.db`;

/** Two stores to work between. */
abstract class BetweenStores extends PerdureCommand {
  @Option({ flags: '--from <url>', description: 'the original', required: true })
  from(url: string): string {
    return storeAddress(url);
  }

  @Option({ flags: '--to <url>', description: 'the copy', required: true })
  to(url: string): string {
    return storeAddress(url);
  }

  @Help('after')
  examples(): string {
    return EXAMPLES;
  }
}

@Command({
  name: 'copy',
  description:
    'copy all events, with their ids, revisions, times and order, to another store, and compare the two at the end; ' +
    'stopped in the middle, the same command goes on where it was',
})
export class CopyCommand extends BetweenStores {
  @Option({ flags: '--no-verify', description: 'leave out the comparison at the end' })
  verify(): boolean {
    return false;
  }

  override async run(_: string[], { verify, ...stores }: Stores & { verify: boolean }): Promise<void> {
    await (await import('./between-stores.js')).copy(stores, verify);
  }
}

@Command({
  name: 'compare',
  description: 'compare two stores: number of events, the revision and content of each stream, and the order of all',
})
export class CompareCommand extends BetweenStores {
  override async run(_: string[], stores: Stores): Promise<void> {
    await (await import('./between-stores.js')).compare(stores);
  }
}

function storeAddress(url: string): string {
  if (/^(sqlite:.+|(esdb|kurrentdb)(\+discover)?:\/\/.+)$/.test(url)) return url;
  throw new InvalidArgumentError('Write sqlite:<file> or esdb://<host>:<port>.');
}
