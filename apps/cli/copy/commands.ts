import { Command, Help, Option } from 'nest-commander';
import { existsSync } from 'node:fs';
import { DomainError } from '#kernel/errors';
import { compareStores } from '#platform/copying/compare-stores';
import { copyEvents } from '#platform/copying/copy-events';
import type { EventStore } from '#platform/event-store/event-store.port';
import { openEventStore } from '#platform/stores/open-stores';
import { CommandFailed, EXIT } from '../exit-codes.js';
import { PerdureCommand } from '../perdure-command.js';
import { ProgressBar } from '../output/progress-bar.js';
import { isSame, reportOf } from './report.js';

interface Stores {
  readonly from: string;
  readonly to: string;
}

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
    return url;
  }

  @Option({ flags: '--to <url>', description: 'the copy', required: true })
  to(url: string): string {
    return url;
  }

  @Help('after')
  examples(): string {
    return EXAMPLES;
  }
}

@Command({
  name: 'copy',
  description:
    'Copy all events, with their ids, revisions, times and order, to another store, and compare the two at the end. ' +
    'Stopped in the middle, the same command goes on where it was.',
})
export class CopyCommand extends BetweenStores {
  @Option({ flags: '--no-verify', description: 'leave out the comparison at the end' })
  verify(): boolean {
    return false;
  }

  override async run(_: string[], { verify, ...stores }: Stores & { verify: boolean }): Promise<void> {
    await withStores(stores, async (from, to) => {
      const stop = new AbortController();
      process.once('SIGINT', () => stop.abort());
      const progress = new ProgressBar(process.stderr, 'events copied');
      const { copied } = await copyEvents(from, to, {
        signal: stop.signal,
        onProgress: ({ copied }) => progress.show(copied),
      });
      progress.end(copied);
      if (stop.signal.aborted) {
        throw new CommandFailed('Stopped. Run the same copy again: it goes on where it stopped.', EXIT.interrupted);
      }
      if (verify) await compare(from, to);
    });
  }
}

@Command({
  name: 'compare',
  description: 'Compare two stores: number of events, the revision and content of each stream, and the order of all.',
})
export class CompareCommand extends BetweenStores {
  override async run(_: string[], stores: Stores): Promise<void> {
    mustExist(stores.to);
    await withStores(stores, compare);
  }
}

async function compare(from: EventStore, to: EventStore): Promise<void> {
  const comparison = await compareStores(from, to);
  process.stdout.write(reportOf(comparison));
  if (!isSame(comparison)) throw new CommandFailed('The two stores are not the same.', EXIT.different);
}

async function withStores(
  { from, to }: Stores,
  work: (from: EventStore, to: EventStore) => Promise<void>,
): Promise<void> {
  if (from === to) throw new CommandFailed('--from and --to are the same store.', EXIT.usage);
  mustExist(from);
  const opened: EventStore[] = [];
  try {
    for (const url of [from, to]) opened.push(await openEventStore(url));
    await work(opened[0]!, opened[1]!);
  } catch (error) {
    if (error instanceof DomainError) throw new CommandFailed(error.message);
    throw error;
  } finally {
    await Promise.all(opened.map((store) => store.close()));
  }
}

/** Opening a SQLite file that is not there would make an empty one. */
function mustExist(store: string): void {
  const file = /^sqlite:(?!:memory:)(.+)$/.exec(store)?.[1];
  if (file !== undefined && !existsSync(file)) throw new CommandFailed(`There is no store at ${store} to read from.`);
}
