import { existsSync } from 'node:fs';
import { DomainError } from '#kernel/errors';
import { compareStores } from '#platform/copying/compare-stores';
import { copyEvents } from '#platform/copying/copy-events';
import type { EventStore } from '#platform/event-store/event-store.port';
import { openEventStore } from '#platform/stores/open-stores';
import { CommandFailed, EXIT, UsageError } from '../exit-codes.js';
import { printJson } from '../output/print.js';
import { ProgressBar } from '../output/progress-bar.js';
import { isSame, reportOf } from './report.js';

/** Two stores to work between, as URLs, and how to write about it. */
export interface Stores {
  readonly from: string;
  readonly to: string;
  readonly json?: boolean;
}

/** Copies, and compares at the end where that is wished. Ctrl-C ends it between two pages. Rejects with CommandFailed. */
export function copy(stores: Stores, verify: boolean): Promise<void> {
  return withStores(stores, async (from, to) => {
    const stop = new AbortController();
    process.once('SIGINT', () => stop.abort());
    const progress = new ProgressBar(process.stderr, 'events copied');
    const onProgress = ({ copied }: { copied: number }): void => progress.show(copied);
    const { copied } = await copyEvents(from, to, { signal: stop.signal, onProgress });
    progress.end(copied);
    if (stop.signal.aborted) {
      throw new CommandFailed('Stopped. Run the same copy again: it goes on where it stopped.', EXIT.interrupted);
    }
    if (verify) await comparison(from, to, stores, { copied });
    else if (stores.json) printJson({ copied });
  });
}

/** Rejects with CommandFailed: EXIT.different where the two are not the same. */
export async function compare(stores: Stores): Promise<void> {
  mustExist(stores.to);
  await withStores(stores, (from, to) => comparison(from, to, stores));
}

async function comparison(from: EventStore, to: EventStore, { json }: Stores, before: object = {}): Promise<void> {
  const found = await compareStores(from, to);
  if (json) printJson({ ...before, same: isSame(found), ...found });
  else process.stdout.write(reportOf(found));
  if (!isSame(found)) throw new CommandFailed('The two stores are not the same.', EXIT.different);
}

async function withStores(
  { from, to }: Stores,
  work: (from: EventStore, to: EventStore) => Promise<void>,
): Promise<void> {
  if (from === to) throw new UsageError('--from and --to are the same store.');
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
